// What the compiler expects of a C++ runtime library, so that the firmware links without one.
#include <stdlib.h>

extern "C" [[noreturn]] void __cxa_pure_virtual() { abort(); }

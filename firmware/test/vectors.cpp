#include "vectors.hpp"

#include <cstring>

#include "check.hpp"

namespace hk::test {

MessageVector message(const char* name) {
    for (const MessageVector& vector : kMessageVectors) {
        if (std::strcmp(vector.name, name) == 0) {
            return vector;
        }
    }
    fail(__FILE__, __LINE__, name);
    return {};
}

}  // namespace hk::test

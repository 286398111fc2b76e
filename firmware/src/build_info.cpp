// The only place that sees the macros of the build, so that a new build id recompiles one file.
#include "app/build_info.hpp"
#include "strip/profile.hpp"

#ifndef HK_BUILD_ID
#define HK_BUILD_ID "0000000000000000000000000000000000000000000000000000000000000000"
#endif
#ifndef HK_VERSION
#define HK_VERSION "0.0.0"
#endif
#ifndef HK_COMMIT
#define HK_COMMIT ""
#endif
#ifndef HK_DIRTY
#define HK_DIRTY 0
#endif
#ifndef HK_PROFILE
#define HK_PROFILE "dual-160"
#endif
#ifndef HK_CHIP
#define HK_CHIP "esp32"
#endif

namespace hk {

static_assert(sizeof(HK_BUILD_ID) == 64 + 1, "HK_BUILD_ID is a string of 64 hex digits");
static_assert(sizeof(HK_COMMIT) == 40 + 1 || sizeof(HK_COMMIT) == 1, "HK_COMMIT has 40 digits or none");
static_assert(profile_index(HK_PROFILE) < kProfileCount, "HK_PROFILE names a profile of strip/profile.hpp");

const BuildInfo kBuildInfo{"led-controller", HK_VERSION, HK_COMMIT, HK_DIRTY != 0,
                           HK_BUILD_ID,      HK_PROFILE, HK_CHIP};

}  // namespace hk

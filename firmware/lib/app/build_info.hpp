// What the build put into the image.
#pragma once

namespace hk {

struct BuildInfo {
    const char* project;
    const char* version;
    const char* commit;   ///< 40 hex digits, or "" when unknown
    bool dirty;           ///< the tree had changes that no commit holds
    const char* build;    ///< build id, 64 hex digits
    const char* profile;  ///< board profile
    const char* chip;     ///< what the image was made for
};

/// Defined by firmware/src/build_info.cpp, the only place that sees the macros of the build.
extern const BuildInfo kBuildInfo;

}  // namespace hk

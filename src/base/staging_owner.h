// Who made a staged folder, written into its name: `.NAME.clientele-HOST-PID-START-RANDOM`. HOST is a checksum of host
// name and process namespace (a process of another host or container cannot be seen from here, so its folders are never
// taken for dead), START the process' start time in clock ticks since boot, which tells a reused pid from the old one.
#pragma once

#include <filesystem>
#include <string>

namespace clientele {

/// ".NAME.clientele-"
std::string staging_prefix(const std::filesystem::path& public_folder);
/// "HOST-PID-START"
std::string owner_of_this_process();
/// owner: "HOST-PID-START-RANDOM", what follows the prefix. Anything that does not read so counts as alive.
bool owner_is_dead(const std::string& owner);

}  // namespace clientele

// The commands. Each returns the process' exit code or throws Error; data goes to standard output, messages to standard
// error.
#pragma once

#include "command_line.h"

namespace clientele {

int run_command(const CommandLine& line);
int plan_command(const CommandLine& line);
int validate_command(const CommandLine& line);
int inspect_command(const CommandLine& line);
int assign_command(const CommandLine& line);
int doctor_command(const CommandLine& line);
int generate_command(const CommandLine& line);
int report_command(const CommandLine& line);
int version_command(const CommandLine& line);

}  // namespace clientele

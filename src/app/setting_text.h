// Settings as values of a Spec's types. Each reader returns an empty text, or what was expected and found.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "settings.h"

namespace clientele {

std::string read_setting(const SettingValue& value, bool& out);
std::string read_setting(const SettingValue& value, int64_t& out);
std::string read_setting(const SettingValue& value, double& out);
std::string read_setting(const SettingValue& value, std::string& out);
/// A single value is a list of one. Raw text is one value, or a list in brackets: [2, 10]; numbers may go without the
/// brackets: 2,10.
std::string read_setting(const SettingValue& value, std::vector<std::string>& out);
std::string read_setting(const SettingValue& value, std::vector<int64_t>& out);
std::string read_setting(const SettingValue& value, std::vector<double>& out);

}  // namespace clientele

// A tiny strict reader of markup: every tag closed in order, every attribute quoted and once, no stray <, > or &.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace clientele::test {

struct Markup {
  std::string fault;                    ///< empty if the document is well-formed; else what is wrong and where
  std::map<std::string, int> elements;  ///< how often each element stands
  std::vector<std::string> ids;         ///< values of id attributes
  std::vector<std::string> links;       ///< values of href attributes
  std::vector<std::string> attributes;  ///< names of all attributes, each once
  std::string text;                     ///< character data with entities resolved, without that of <style>
};

Markup read_markup(std::string_view document);

}  // namespace clientele::test

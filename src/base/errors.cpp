#include "clientele/base/errors.h"

#include <utility>

namespace clientele {

std::string format(const Complaint& complaint) {
  std::string text = complaint.what;
  if (!complaint.where.empty()) text += " (" + complaint.where + ")";
  std::string facts;
  if (!complaint.expected.empty()) facts += "expected " + complaint.expected;
  if (!complaint.found.empty()) facts += (facts.empty() ? "found " : ", found ") + complaint.found;
  if (!facts.empty()) text += text.empty() ? facts : ": " + facts;
  if (!complaint.hint.empty()) text += "\n  hint: " + complaint.hint;
  return text;
}

Error::Error(ErrorKind kind, Complaint complaint)
    : std::runtime_error(format(complaint)), kind_(kind), complaint_(std::move(complaint)) {}

}  // namespace clientele

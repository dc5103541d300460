// Runs something that must throw an Error and returns it.
#pragma once

#include <gtest/gtest.h>

#include "clientele/base/errors.h"

namespace clientele {

template <class Body>
Error error_of(const Body& body) {
  try {
    body();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return Error{ErrorKind::internal, {.what = "nothing was thrown"}};
}

}  // namespace clientele

#include "clientele/compute/backend.h"

#include "clientele/base/errors.h"

namespace clientele {
namespace {

[[noreturn]] void refuse(const Backend& backend) {
  throw Error(ErrorKind::internal,
              {.what = "a backend without pages was asked for one", .where = backend.facts().name});
}

}  // namespace

std::unique_ptr<RowBlock> Backend::make_paged_rows(int64_t, int64_t, int, bool, const std::string&) {
  refuse(*this);
}

PageLayout Backend::page_layout(int) const {
  return {};
}

void Backend::lend_page(RowBlock&, std::byte*) {
  refuse(*this);
}

int64_t Backend::lend_rows(RowBlock& rows, std::byte* page, std::span<const LocalRows>) {
  lend_page(rows, page);
  return page_layout(rows.d()).bytes(rows.rows());
}

bool Backend::keep_compressed(RowBlock&, bool) {
  return false;
}

int64_t Backend::compressed_bytes(int64_t, int, int) const {
  return 0;
}

int64_t Backend::extra_bytes(int64_t, int, int) const {
  return 0;
}

void Backend::allow_extra(int64_t) {}

bool Backend::pin(std::byte*, int64_t) {
  return false;
}

void Backend::unpin(std::byte*) noexcept {}

}  // namespace clientele

#include <algorithm>
#include <cstring>
#include <limits>

#include "clientele/base/errors.h"
#include "convert.h"
#include "hdf5/texts.h"
#include "table_source.h"
#include "utf8.h"

namespace clientele {
namespace {

constexpr int64_t kWidestId = 4096;

/// Where ids lie: a whole dataset or a field of its records.
struct IdPlace {
  h5::Dataset set;
  std::string field;
  std::string key;       ///< of the job, that names it
  h5::ElementType type;  ///< as delivered by the reader
  int64_t offset = 0;
  std::shared_ptr<h5::CellReader> reader;

  std::string name() const { return field.empty() ? h5::leaf(set.path) : field; }
  std::string where() const { return set.where() + (field.empty() ? "" : "." + field); }
};

[[noreturn]] void wrong_type(const IdPlace& place, const std::string& found) {
  throw Error(ErrorKind::input, {"ids cannot be read", place.where(), "integers or texts", found,
                                 "name another column with " + place.key});
}

template <class Each>
void each_run(const IdPlace& place, int64_t first, int64_t rows, const Each& each) {
  const int64_t cell = 0;
  place.reader->read(first, rows, {&cell, 1}, [&](const h5::CellRun& run) { each(run, run.data + place.offset); });
}

IdColumn read_integers(const IdPlace& place, ThreadPool& pool) {
  IdColumn ids;
  ids.kind = IdColumn::Kind::integer;
  ids.name = place.name();
  ids.rows = place.set.rows();
  ids.integers.resize(static_cast<size_t>(ids.rows));
  const ToInteger convert = to_integer_converter(place.type);
  scan_blocks(pool, ids.rows, [&](int64_t first, int64_t rows, int) {
    each_run(place, first, rows, [&](const h5::CellRun& run, const std::byte* data) {
      if (convert(data, run.row_bytes, run.rows, ids.integers.data() + run.first_row)) return;
      throw Error(ErrorKind::input,
                  {"an id does not fit into 64 bits with sign", place.where(), "at most 9223372036854775807", "", ""});
    });
  });
  return ids;
}

/// Texts laid out in rows of the longest one's width.
void lay_out(IdColumn& ids, const std::vector<std::vector<std::string>>& blocks, const IdPlace& place) {
  size_t width = 1;
  for (const auto& block : blocks) {
    for (const std::string& text : block) width = std::max(width, text.size());
  }
  if (static_cast<int64_t>(width) > kWidestId) {
    throw Error(ErrorKind::input,
                {"an id is too long", place.where(), "at most 4096 bytes", std::to_string(width), ""});
  }
  ids.width = static_cast<int64_t>(width);
  ids.bytes.assign(static_cast<size_t>(ids.rows) * width, '\0');
  size_t row = 0;
  for (const auto& block : blocks) {
    for (const std::string& text : block) text.copy(ids.bytes.data() + row++ * width, text.size());
  }
}

IdColumn read_fixed(const IdPlace& place, ThreadPool& pool) {
  IdColumn ids;
  ids.kind = IdColumn::Kind::text;
  ids.name = place.name();
  ids.rows = place.set.rows();
  std::vector<int64_t> longest(static_cast<size_t>(pool.threads()), 1);
  if (place.type.bytes > kWidestId) wrong_type(place, place.type.text);
  const int64_t stored = place.type.bytes;
  ids.bytes.assign(static_cast<size_t>(ids.rows * stored), '\0');
  scan_blocks(pool, ids.rows, [&](int64_t first, int64_t rows, int worker) {
    int64_t most = 1;
    each_run(place, first, rows, [&](const h5::CellRun& run, const std::byte* data) {
      for (int64_t r = 0; r < run.rows; ++r) {
        const std::string_view text = fixed_text(place.type, data + static_cast<size_t>(r) * run.row_bytes);
        text.copy(ids.bytes.data() + (run.first_row + r) * stored, text.size());
        most = std::max(most, static_cast<int64_t>(text.size()));
      }
    });
    longest[static_cast<size_t>(worker)] = std::max(longest[static_cast<size_t>(worker)], most);
  });
  // The width is that of the longest id, whatever the file pads to: the same ids give the same bytes.
  ids.width = *std::max_element(longest.begin(), longest.end());
  if (ids.width < stored) {
    for (int64_t r = 1; r < ids.rows; ++r) {
      std::memmove(ids.bytes.data() + r * ids.width, ids.bytes.data() + r * stored, static_cast<size_t>(ids.width));
    }
    ids.bytes.resize(static_cast<size_t>(ids.rows * ids.width));
  }
  return ids;
}

IdColumn read_variable(const IdPlace& place) {
  IdColumn ids;
  ids.kind = IdColumn::Kind::text;
  ids.name = place.name();
  ids.rows = place.set.rows();
  std::vector<std::vector<std::string>> blocks(1);
  blocks[0].reserve(static_cast<size_t>(ids.rows));
  h5::read_variable_texts(place.set, place.field, 0, ids.rows,
                          [&](int64_t, std::string_view text) { blocks[0].emplace_back(text); });
  lay_out(ids, blocks, place);
  return ids;
}

/// Empty texts are no ids: several of them would become one client. Texts that are not UTF-8 cannot be published.
IdColumn checked(IdColumn ids, const IdPlace& place, ThreadPool& pool) {
  struct Found {
    int64_t empty = 0;
    int64_t first_empty = std::numeric_limits<int64_t>::max();
    int64_t first_foreign = std::numeric_limits<int64_t>::max();
  };
  std::vector<Found> workers(static_cast<size_t>(pool.threads()));
  scan_blocks(pool, ids.rows, [&](int64_t first, int64_t rows, int worker) {
    Found& found = workers[static_cast<size_t>(worker)];
    for (int64_t row = first; row < first + rows; ++row) {
      const std::string_view id = ids.view(row);
      if (id.empty()) {
        ++found.empty;
        found.first_empty = std::min(found.first_empty, row);
      } else if (!is_utf8(id)) {
        found.first_foreign = std::min(found.first_foreign, row);
      }
    }
  });
  Found all;
  for (const Found& found : workers) {
    all.empty += found.empty;
    all.first_empty = std::min(all.first_empty, found.first_empty);
    all.first_foreign = std::min(all.first_foreign, found.first_foreign);
  }
  if (all.first_foreign < ids.rows) check_utf8(ids.view(all.first_foreign), place.where(), all.first_foreign);
  if (all.empty == 0) return ids;
  throw Error(ErrorKind::input,
              {"an id is empty", place.where() + " row " + std::to_string(all.first_empty), "an id in every row",
               std::to_string(all.empty) + " empty ids", "give these rows an id or leave them out"});
}

const h5::ElementType* field_type(const h5::ElementType& type, const std::string& name, int64_t& offset) {
  for (const h5::Field& field : type.fields) {
    if (field.name != name) continue;
    offset = field.offset;
    return &field.type;
  }
  return nullptr;
}

}  // namespace

IdReader row_number_ids(int64_t rows) {
  return [rows](ThreadPool&) {
    IdColumn ids;
    ids.rows = rows;
    return ids;
  };
}

IdReader dataset_ids(const h5::Dataset& set, const std::string& field, int64_t rows, int threads,
                     const std::string& key) {
  set.check_readable();
  IdPlace place{set, field, key, set.type, 0, nullptr};
  if (set.shape.size() != 1 || set.rows() != rows) {
    throw Error(ErrorKind::input, {"ids are not one a row", place.where(), std::to_string(rows) + " ids",
                                   h5::shape_text(set.shape), "name another dataset with " + key});
  }
  const h5::ElementType* stored = &set.type;
  if (!field.empty()) stored = field_type(set.type, field, place.offset);
  if (stored == nullptr) wrong_type(place, "no such field");
  if (stored->kind == h5::ElementKind::variable_text) {
    return [place](ThreadPool& pool) { return checked(read_variable(place), place, pool); };
  }
  place.type = *stored;
  const bool integers =
      stored->kind == h5::ElementKind::number && stored->form != h5::NumberForm::floating && stored->plain;
  if (!integers && stored->kind != h5::ElementKind::fixed_text) wrong_type(place, stored->text);
  place.reader = h5::open_cells(set, threads);
  if (!field.empty()) {
    const h5::ElementType* delivered = field_type(place.reader->type(), field, place.offset);
    if (delivered == nullptr) wrong_type(place, "a field that cannot be read");
    place.type = *delivered;
  }
  return [place, integers](ThreadPool& pool) {
    return integers ? read_integers(place, pool) : checked(read_fixed(place, pool), place, pool);
  };
}

void append_ids(IdColumn& all, const IdColumn& ids, int64_t first, int64_t rows, const std::string& name) {
  if (all.rows == 0) {
    all.kind = ids.kind;
    all.name = ids.name;
  }
  if (all.kind != ids.kind) {
    throw Error(ErrorKind::input,
                {"files have different kinds of ids", name, "all integers, all texts or none", "a mixture", ""});
  }
  if (ids.kind == IdColumn::Kind::integer) {
    all.integers.insert(all.integers.end(), ids.integers.begin() + first, ids.integers.begin() + first + rows);
  }
  if (ids.kind == IdColumn::Kind::text) {
    const int64_t width = std::max(all.width, ids.width);
    std::string bytes(static_cast<size_t>((all.rows + rows) * width), '\0');
    for (int64_t r = 0; r < all.rows; ++r) all.view(r).copy(bytes.data() + r * width, static_cast<size_t>(all.width));
    for (int64_t r = 0; r < rows; ++r)
      ids.view(first + r).copy(bytes.data() + (all.rows + r) * width, static_cast<size_t>(ids.width));
    all.bytes = std::move(bytes);
    all.width = width;
  }
  all.rows += rows;
}

}  // namespace clientele

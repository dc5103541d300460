#include "columns.h"

#include <algorithm>

#include "clientele/base/errors.h"
#include "hdf5/texts.h"
#include "utf8.h"

namespace clientele {
namespace {

const char* const kTooManyTexts = "more than 100000 distinct texts, which are no categories";

std::unique_ptr<Decoder> enum_column(const ElementPlace& place, Column& column) {
  for (const auto& [value, name] : place.type.members) {
    check_utf8(name, place.where + " enum", value);
    column.categories.push_back(name);
  }
  std::sort(column.categories.begin(), column.categories.end());
  column.categories.erase(std::unique(column.categories.begin(), column.categories.end()), column.categories.end());
  std::vector<std::pair<int64_t, double>> codes;
  for (const auto& [value, name] : place.type.members) {
    const auto at = std::lower_bound(column.categories.begin(), column.categories.end(), name);
    codes.emplace_back(value, static_cast<double>(at - column.categories.begin()));
  }
  return enum_decoder(place.type, std::move(codes), place.where);
}

std::string left_out_note(const std::string& name, const std::string& why) {
  return "column '" + name + "' is left out: " + why;
}

}  // namespace

bool collect_variable_texts(const h5::Dataset& set, const std::string& field, std::vector<std::string>& texts) {
  TextSet distinct;
  h5::read_variable_texts(set, field, 0, set.rows(), [&](int64_t row, std::string_view text) {
    if (!text.empty() && distinct.add(text)) check_utf8(text, set.where(), row);
  });
  texts = distinct.sorted();
  return !distinct.full();
}

bool collect_fixed_texts(const ElementPlace& place, ThreadPool& pool, std::vector<std::string>& texts) {
  std::vector<TextSet> distinct(static_cast<size_t>(pool.threads()));
  scan_blocks(pool, place.reader->rows(), [&](int64_t first, int64_t rows, int worker) {
    TextSet& mine = distinct[static_cast<size_t>(worker)];
    if (mine.full()) return;
    place.reader->read(first, rows, {&place.cell, 1}, [&](const h5::CellRun& run) {
      const std::byte* data = run.data + (place.cell - run.first_cell) * place.reader->type().bytes + place.offset;
      std::string_view last;
      for (int64_t r = 0; r < run.rows; ++r) {
        const std::string_view text = fixed_text(place.type, data + static_cast<size_t>(r) * run.row_bytes);
        if (!text.empty() && text != last && mine.add(text)) check_utf8(text, place.where, run.first_row + r);
        last = text;
      }
    });
  });
  for (size_t i = 1; i < distinct.size(); ++i) distinct[0].merge(distinct[i]);
  texts = distinct[0].sorted();
  return !distinct[0].full();
}

bool make_column(const ElementPlace& place, ThreadPool& pool, Column& column, std::unique_ptr<Decoder>& decoder,
                 std::string& why) {
  switch (place.type.kind) {
    case h5::ElementKind::number:
      column.kind = ColumnKind::number;
      decoder = number_decoder(place.type);
      return true;
    case h5::ElementKind::flag:
      column.kind = ColumnKind::flag;
      decoder = number_decoder(place.type);
      return true;
    case h5::ElementKind::category:
      column.kind = ColumnKind::category;
      decoder = enum_column(place, column);
      return true;
    case h5::ElementKind::fixed_text:
      column.kind = ColumnKind::category;
      if (!collect_fixed_texts(place, pool, column.categories)) {
        why = kTooManyTexts;
        return false;
      }
      decoder = text_decoder(place.type, std::make_shared<Dictionary>(column.categories), place.where);
      return true;
    default:
      why = "its type (" + place.type.text + ") is not read";
      return false;
  }
}

const h5::Field* find_field(const h5::ElementType& type, const std::string& name) {
  const auto at =
      std::find_if(type.fields.begin(), type.fields.end(), [&](const h5::Field& field) { return field.name == name; });
  return at == type.fields.end() ? nullptr : &*at;
}

std::unique_ptr<Part> single_column(const h5::Dataset& set, const std::string& field, ThreadPool& pool, Column& column,
                                    std::string& why) {
  set.check_readable();
  const h5::Field* stored = field.empty() ? nullptr : find_field(set.type, field);
  const h5::ElementType& type = stored == nullptr ? set.type : stored->type;
  if (type.kind == h5::ElementKind::variable_text) {
    column.kind = ColumnKind::category;
    if (collect_variable_texts(set, field, column.categories)) {
      return variable_text_part(set, field, std::make_shared<Dictionary>(column.categories));
    }
    why = kTooManyTexts;
    return nullptr;
  }
  if (type.kind == h5::ElementKind::other || type.kind == h5::ElementKind::compound) {
    why = "its type (" + type.text + ") is not read";
    return nullptr;
  }
  std::shared_ptr<h5::CellReader> reader = h5::open_cells(set, pool.threads());
  const h5::Field* given = field.empty() ? nullptr : find_field(reader->type(), field);
  RecordField record{0, given == nullptr ? 0 : given->offset, column.name, nullptr};
  const ElementPlace place{reader.get(), given == nullptr ? reader->type() : given->type, 0, record.offset,
                           set.where()};
  if (!make_column(place, pool, column, record.decoder, why)) return nullptr;
  std::vector<RecordField> fields;
  fields.push_back(std::move(record));
  return record_part(set, std::move(reader), std::move(fields));
}

void add_dataset_column(TableSource& table, const h5::Dataset& set, const std::string& name, ThreadPool& pool) {
  Column column;
  column.name = name;
  std::string why;
  std::unique_ptr<Part> part = single_column(set, "", pool, column, why);
  if (!part) return table.add_note(left_out_note(name, why));
  std::vector<Column> columns;
  columns.push_back(std::move(column));
  table.add(std::move(part), std::move(columns));
}

void add_record_columns(TableSource& table, const h5::Dataset& set, const std::vector<std::string>& left_out,
                        ThreadPool& pool) {
  std::shared_ptr<h5::CellReader> reader = h5::open_cells(set, pool.threads());
  std::vector<RecordField> fields;
  std::vector<Column> columns;
  const auto skip = [&](const std::string& name) {
    return std::find(left_out.begin(), left_out.end(), name) != left_out.end();
  };
  for (const h5::Field& stored : reader->type().fields) {
    if (skip(stored.name)) continue;
    Column column;
    column.name = stored.name;
    RecordField field{0, stored.offset, stored.name, nullptr};
    std::string why;
    if (!make_column({reader.get(), stored.type, 0, stored.offset, set.where() + "." + stored.name}, pool, column,
                     field.decoder, why)) {
      if (stored.type.kind != h5::ElementKind::variable_text) table.add_note(left_out_note(stored.name, why));
      continue;
    }
    fields.push_back(std::move(field));
    columns.push_back(std::move(column));
  }
  if (!fields.empty()) table.add(record_part(set, reader, std::move(fields)), std::move(columns));
  for (const h5::Field& stored : set.type.fields) {
    if (stored.type.kind != h5::ElementKind::variable_text || skip(stored.name)) continue;
    Column column;
    column.name = stored.name;
    column.kind = ColumnKind::category;
    if (!collect_variable_texts(set, stored.name, column.categories)) {
      table.add_note(left_out_note(stored.name, kTooManyTexts));
      continue;
    }
    std::unique_ptr<Part> part = variable_text_part(set, stored.name, std::make_shared<Dictionary>(column.categories));
    std::vector<Column> one;
    one.push_back(std::move(column));
    table.add(std::move(part), std::move(one));
  }
}

}  // namespace clientele

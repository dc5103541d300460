#include "tests/judge/profile_fixture.h"

#include <cmath>

#include "tests/support/row_makers.h"

namespace clientele::test {

namespace {

double uniform(uint64_t stream, int64_t row) {
  return oracle::uniform(stream, static_cast<uint64_t>(row));
}

double normal(uint64_t stream, int64_t row) {
  double sum = -6;
  for (uint64_t i = 0; i < 12; ++i) sum += uniform(stream + i, row);
  return sum;
}

TableColumn number(const std::string& name, const Table& table, const std::function<double(int64_t)>& value) {
  TableColumn out;
  out.column.name = name;
  for (int64_t i = 0; i < table.rows(); ++i) out.values.push_back(value(i));
  return out;
}

CleanRows clean_rows(const Table& table, Env& env) {
  CleanRows out;
  out.source_rows = out.kept = table.rows();
  for (size_t c = 0; c < table.columns.size(); ++c) {
    const std::unique_ptr<MomentPass> pass = env.backend.column_ops().start_moments(1);
    Moments all;
    for (int64_t row = 0; row < table.rows(); row += kBlockRows) {
      const std::unique_ptr<MomentPass> block = env.backend.column_ops().start_moments(1);
      const int64_t count = std::min(kBlockRows, table.rows() - row);
      block->add(0, {table.columns[c].values.data() + row, count, 1, count});
      all = Moments::merge(all, block->finish()[0]);
    }
    out.moments.push_back(all);
    if (table.columns[c].column.role == ColumnRole::cluster) out.columns.push_back(static_cast<int>(c));
  }
  return out;
}

}  // namespace

Table varied_table(int64_t rows, int k, uint64_t stream) {
  Table table;
  table.k = k;
  for (int64_t i = 0; i < rows; ++i) {
    const double u = uniform(stream, i);
    table.labels.push_back(static_cast<int32_t>(u * u * k));  // uneven sizes
  }
  const auto label = [&](int64_t i) { return static_cast<double>(table.labels[static_cast<size_t>(i)]); };
  table.columns.push_back(number("normal", table, [&](int64_t i) { return normal(stream + 1, i) + label(i); }));
  table.columns.push_back(number("spend", table, [&](int64_t i) { return std::exp(3 * normal(stream + 20, i)); }));
  table.columns.push_back(number("orders", table, [&](int64_t i) { return std::floor(5 * uniform(stream + 40, i)); }));
  table.columns.push_back(number(
      "ties", table, [&](int64_t i) { return uniform(stream + 41, i) < 0.7 ? 0.0 : 1e-3 * normal(stream + 42, i); }));
  table.columns.push_back(number("constant", table, [](int64_t) { return -2.5; }));
  table.columns.push_back(number("gappy", table, [&](int64_t i) {
    return i % 5 != 0 || table.labels[static_cast<size_t>(i)] == k - 1 ? NAN : normal(stream + 60, i);
  }));
  table.columns.push_back(number("wide", table, [&](int64_t i) {
    return (uniform(stream + 80, i) - 0.5) * std::pow(10, 300 * uniform(stream + 81, i));
  }));
  table.columns.push_back(number("offset", table, [&](int64_t i) { return 1e9 + 1e-3 * normal(stream + 90, i); }));
  table.columns.back().column.role = ColumnRole::profile;
  TableColumn channel = number("channel", table, [&](int64_t i) {
    const double u = uniform(stream + 99, i);
    return u < 0.1 ? NAN : std::floor(u * 3);
  });
  channel.column.kind = ColumnKind::category;
  channel.column.categories = {"app", "shop", "web"};
  table.columns.push_back(std::move(channel));
  return table;
}

Table repeated(const Table& table) {
  Table out = table;
  out.labels.clear();
  out.weights.clear();
  for (TableColumn& column : out.columns) column.values.clear();
  for (size_t i = 0; i < table.labels.size(); ++i)
    for (int64_t t = 0; t < std::lround(table.weights[i]); ++t) {
      out.labels.push_back(table.labels[i]);
      out.origin.push_back(static_cast<int64_t>(i));
      for (size_t c = 0; c < out.columns.size(); ++c) out.columns[c].values.push_back(table.columns[c].values[i]);
    }
  return out;
}

double margin_of(const Table& table, int64_t row) {
  const int64_t from = table.origin.empty() ? row : table.origin[static_cast<size_t>(row)];
  return static_cast<double>(static_cast<float>(oracle::uniform(7, static_cast<uint64_t>(from))));
}

Profiles profile_table(const Table& unweighted, const ProfileSpec& spec, Env& env) {
  Table table = unweighted;
  if (!table.weights.empty()) {
    table.columns.push_back({.column = {}, .values = table.weights});
    table.columns.back().column.name = "w";
    table.columns.back().column.role = ColumnRole::weight;
  }
  Schema schema;
  std::vector<std::vector<double>> columns;
  for (const TableColumn& column : table.columns) {
    schema.columns.push_back(column.column);
    columns.push_back(column.values);
  }
  IdColumn ids;
  ids.rows = table.rows();
  MemorySource source(schema, std::move(columns), ids);
  const CleanRows clean = clean_rows(table, env);

  Matrix matrix{.n = table.rows(), .d = 1, .x = {}, .weights = table.weights};
  for (const double x : table.columns[0].values) matrix.x.push_back(static_cast<float>(x));
  const RowBlocks blocks = blocks_of(matrix, Space::as_is, env);
  const size_t k = static_cast<size_t>(table.k);
  FeatureSpace space;
  space.schema = schema;
  space.features.resize(1);
  space.features[0].name = table.columns[0].column.name;
  space.means = blocks.means;

  Clustering clustering;
  clustering.k = table.k;
  clustering.d = 1;
  clustering.centroids.resize(k);
  clustering.square_sums.resize(1);
  Published published;
  published.sums.resize(k);
  published.counts.resize(k);
  published.rows.resize(k);
  published.distance_sums.assign(k, std::ldexp(12, blocks.weight_bits));
  for (int64_t i = 0; i < table.rows(); ++i) {
    const size_t label = static_cast<size_t>(table.labels[static_cast<size_t>(i)]);
    const int64_t q = quantise(matrix.x[static_cast<size_t>(i)], blocks.scales[0]);
    const int64_t m = blocks.weighted ? quantise_weight(table.weights[static_cast<size_t>(i)], blocks.weight_bits) : 1;
    clustering.square_sums[0] += Int128{q} * q * m;
    published.sums[label].add(q, m);
    published.counts[label] += m;
    ++published.rows[label];
  }
  for (size_t c = 0; c < k; ++c)
    if (published.counts[c] > 0)
      clustering.centroids[c] = centroid_value(published.sums[c], blocks.scales[0], published.counts[c]);
  const auto first = table.labels.begin() + blocks.first_row;
  published.label.assign(first, first + blocks.rows);
  for (int64_t i = 0; i < blocks.rows; ++i)
    published.margin.push_back(static_cast<float>(margin_of(table, blocks.first_row + i)));
  return profile(source, clean, space, blocks, clustering, published, spec, env);
}

}  // namespace clientele::test

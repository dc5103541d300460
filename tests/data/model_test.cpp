#include "clientele/data/model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <random>

#include "clientele/base/errors.h"
#include "clientele/base/files.h"
#include "clientele/data/segments_file.h"
#include "src/data/model_seal.h"
#include "tests/support/stored_file.h"

namespace clientele {
namespace {

using test::StoredFile;

std::filesystem::path scratch(const std::string& name) {
  return std::filesystem::path(testing::TempDir()) / ("model_" + name);
}

// Changes a model as someone would who knows how it is sealed (opening it for change cuts the old seal off).
template <class Change>
void tamper(const std::filesystem::path& path, const Change& change) {
  {
    StoredFile file(path.string(), true);
    change(file);
  }
  seal_model(path);
}

// Two segments, three columns, four features of every form.
Model sample() {
  Model m;
  m.program_version = "0.1.0";
  m.seed = 0xFEDCBA9876543210u;
  m.k = 2;
  Column spend;
  spend.name = "spend", spend.kind = ColumnKind::money, spend.unit = "EUR", spend.block = "value", spend.weight = 2.5;
  spend.transform = ColumnTransform::log1p, spend.missing = MissingPolicy::median, spend.missing_indicator = true;
  Column channel;
  channel.name = "channel", channel.kind = ColumnKind::category,
  channel.categories = {"", "app", "web/\xE2\x82\xAC", std::string(300, 'z')};
  Column age;
  age.name = "age", age.kind = ColumnKind::number, age.role = ColumnRole::profile, age.metric = "tenure";
  m.space.schema.columns = {spend, channel, age};
  FeatureTransform number;
  number.curve = Curve::log1p, number.low = -3, number.impute = 0.1, number.shift = 1.0 / 3, number.scale = 1e-30,
  number.factor = -0.5;
  FeatureTransform one_hot;
  one_hot.source = 1, one_hot.form = FeatureForm::one_hot, one_hot.code = 2;
  FeatureTransform indicator;
  indicator.form = FeatureForm::indicator, indicator.shift = 0.25;
  FeatureTransform ranked;
  ranked.source = 2, ranked.form = FeatureForm::ranked, ranked.knots_begin = 1, ranked.knots_count = 3;
  m.space.features = {
      {"spend", "value", number}, {"channel=web", "", one_hot}, {"spend missing", "", indicator}, {"age", "", ranked}};
  m.space.knots = {9, 1, 2, 2};
  m.space.means = {0.1, -0.2, 1e-17, 3};
  m.centroids = {1.5f, -0.0f, 1e-30f, 3, 4, 5, 6, 7};
  m.centroids_normalised = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8};
  m.centroids_original = {10, NAN, 40, 20, NAN, 50};
  m.segment_names = {"Big", "Small \xC3\xA9"};
  m.segment_sizes = {int64_t{1} << 40, 0};
  return m;
}

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

void expect_same(const FeatureTransform& a, const FeatureTransform& b) {
  EXPECT_EQ(a.source, b.source);
  EXPECT_EQ(a.form, b.form);
  EXPECT_EQ(a.curve, b.curve);
  EXPECT_EQ(a.knots_begin, b.knots_begin);
  EXPECT_EQ(a.knots_count, b.knots_count);
  EXPECT_TRUE(same_bits<double>({a.low, a.high, a.impute, a.shift, a.scale, a.code, a.factor},
                                {b.low, b.high, b.impute, b.shift, b.scale, b.code, b.factor}));
}

TEST(ModelFile, EverythingComesBackToTheBit) {
  const auto path = scratch("whole.h5");
  const Model m = sample();
  write_model(path, m);
  const Model r = read_model(path);
  EXPECT_EQ(r.program_version, m.program_version);
  EXPECT_EQ(r.seed, m.seed);
  EXPECT_EQ(r.k, m.k);
  EXPECT_FALSE(r.space.spherical);
  EXPECT_EQ(r.segment_names, m.segment_names);
  EXPECT_EQ(r.segment_sizes, m.segment_sizes);
  EXPECT_TRUE(same_bits(r.centroids, m.centroids));
  EXPECT_TRUE(same_bits(r.centroids_normalised, m.centroids_normalised));
  EXPECT_TRUE(same_bits(r.centroids_original, m.centroids_original));
  EXPECT_TRUE(same_bits(r.space.means, m.space.means));
  EXPECT_TRUE(same_bits(r.space.knots, m.space.knots));
  ASSERT_EQ(r.space.d(), m.space.d());
  for (size_t j = 0; j < m.space.features.size(); ++j) {
    EXPECT_EQ(r.space.features[j].name, m.space.features[j].name);
    EXPECT_EQ(r.space.features[j].block, m.space.features[j].block);
    expect_same(r.space.features[j].transform, m.space.features[j].transform);
  }
  ASSERT_EQ(r.space.schema.columns.size(), m.space.schema.columns.size());
  for (size_t i = 0; i < m.space.schema.columns.size(); ++i) {
    const Column &a = r.space.schema.columns[i], &b = m.space.schema.columns[i];
    EXPECT_EQ(a.name, b.name);
    EXPECT_EQ(a.kind, b.kind);
    EXPECT_EQ(a.role, b.role);
    EXPECT_EQ(a.block, b.block);
    EXPECT_EQ(a.unit, b.unit);
    EXPECT_EQ(a.metric, b.metric);
    EXPECT_EQ(a.weight, b.weight);
    EXPECT_EQ(a.transform, b.transform);
    EXPECT_EQ(a.missing, b.missing);
    EXPECT_EQ(a.missing_indicator, b.missing_indicator);
    EXPECT_EQ(a.categories, b.categories);
  }
}

TEST(ModelFile, SameModelSameBytes) {
  write_model(scratch("same1.h5"), sample());
  write_model(scratch("same2.h5"), sample());
  EXPECT_EQ(read_text(scratch("same1.h5")), read_text(scratch("same2.h5")));
}

TEST(ModelFile, OnlyModelsAreModels) {
  write_model(scratch("is.h5"), sample());
  write_columns(scratch("other.h5"), "/clients", {{"x", {1}, {}, {}}}, false);
  write_text(scratch("text.h5"), "hello");
  EXPECT_TRUE(is_model_file(scratch("is.h5")));
  for (const char* name : {"other.h5", "text.h5", "absent.h5"}) {
    EXPECT_FALSE(is_model_file(scratch(name))) << name;
    try {
      read_model(scratch(name));
      FAIL() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::input) << name;
    }
  }
}

TEST(ModelFile, SphericalModelsHaveNoMeans) {
  Model m = sample();
  m.space.spherical = true;
  m.space.means = {0, 0, 0, 0};
  write_model(scratch("sphere.h5"), m);
  EXPECT_TRUE(read_model(scratch("sphere.h5")).space.spherical);
  tamper(scratch("sphere.h5"), [&](StoredFile& f) { f.poke("/means", 1, 0.5); });
  EXPECT_THROW(read_model(scratch("sphere.h5")), Error);
}

TEST(ModelFile, AModelThatDoesNotFitItselfIsNotWritten) {
  Model m = sample();
  m.centroids.pop_back();
  EXPECT_THROW(write_model(scratch("unfit.h5"), m), Error);
}

struct Damage {
  const char* dataset;
  size_t index;
  double value;
};

// What makes the scoring code read outside its arrays, divide by nothing or publish nonsense.
TEST(ModelFile, ImpossibleValuesAreRefused) {
  const double nan = NAN, infinity = HUGE_VAL;
  const Damage damages[] = {
      {"/features/scale", 0, 0},
      {"/features/scale", 1, nan},
      {"/features/scale", 2, infinity},
      {"/features/source", 0, 3},
      {"/features/source", 0, -1},
      {"/features/form", 0, 4},
      {"/features/curve", 0, -1},
      {"/features/low", 0, nan},
      {"/features/high", 0, -4},
      {"/features/shift", 0, infinity},
      {"/features/factor", 0, nan},
      {"/features/impute", 0, infinity},
      {"/features/code", 1, 4},
      {"/features/code", 1, 0.5},
      {"/features/knots_begin", 3, 2},
      {"/features/knots_begin", 3, -1},
      {"/features/knots_count", 3, 0},
      {"/features/knots_count", 3, 99},
      {"/features/knots_begin", 3, 0},
      {"/knots", 1, nan},
      {"/means", 0, nan},
      {"/centroids", 3, nan},
      {"/centroids_normalised", 3, nan},
      {"/centroids_original", 0, infinity},
      {"/segments/size", 0, -1},
      {"/schema/kind", 0, 0},
      {"/schema/kind", 0, 9},
      {"/schema/role", 0, 6},
      {"/schema/transform", 0, 4},
      {"/schema/missing", 0, 7},
      {"/schema/weight", 0, -1},
      {"/schema/missing_indicator", 0, 2},
      {"/schema/category_count", 1, -1},
      {"/schema/category_count", 0, 1},
      {"/schema/category_ends", 3, 1e18},
      {"/schema/category_ends", 1, -2},
      {"/schema/category_bytes", 0, 'z'},
  };
  const auto whole = scratch("damaged_whole.h5"), path = scratch("damaged.h5");
  write_model(whole, sample());
  for (const Damage& damage : damages) {
    std::filesystem::copy_file(whole, path, std::filesystem::copy_options::overwrite_existing);
    tamper(path, [&](StoredFile& f) { f.poke(damage.dataset, damage.index, damage.value); });
    try {
      read_model(path);
      ADD_FAILURE() << damage.dataset << "[" << damage.index << "] = " << damage.value;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::input) << damage.dataset;
    }
  }
}

TEST(ModelFile, WrongShapesAndMissingPartsAreRefused) {
  const std::vector<std::string> datasets = {"/means",
                                             "/centroids",
                                             "/centroids_normalised",
                                             "/centroids_original",
                                             "/segments/size",
                                             "/segments/name",
                                             "/features/scale",
                                             "/features/name",
                                             "/schema/kind",
                                             "/schema/name",
                                             "/schema/weight",
                                             "/schema/category_count",
                                             "/schema/category_ends",
                                             "/schema/category_bytes"};
  const auto whole = scratch("shapes_whole.h5"), path = scratch("shapes.h5");
  write_model(whole, sample());
  const auto fresh = [&] {
    std::filesystem::copy_file(whole, path, std::filesystem::copy_options::overwrite_existing);
  };
  for (const std::string& dataset : datasets) {
    for (const std::vector<int64_t>& shape : {std::vector<int64_t>{7}, {5, 5}, {2, 2, 2}}) {
      fresh();
      tamper(path, [&](StoredFile& f) { f.reshape(dataset, shape); });
      EXPECT_THROW(read_model(path), Error) << dataset;
    }
    fresh();
    tamper(path, [&](StoredFile& f) { f.remove(dataset); });
    EXPECT_THROW(read_model(path), Error) << dataset;
  }
  for (const int64_t k : {int64_t{0}, int64_t{-1}, int64_t{3}, INT64_MAX}) {
    write_model(scratch("k.h5"), sample());
    tamper(scratch("k.h5"), [&](StoredFile& f) { f.set_integer_attribute("/", "k", k); });
    EXPECT_THROW(read_model(scratch("k.h5")), Error) << k;
  }
}

TEST(ModelFile, AnotherVersionSaysSo) {
  write_model(scratch("version.h5"), sample());
  tamper(scratch("version.h5"), [&](StoredFile& f) { f.set_integer_attribute("/", "model_version", 2); });
  try {
    read_model(scratch("version.h5"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("version"), std::string::npos);
  }
}

// A byte that changed on the way is found before the HDF5 library follows it anywhere.
TEST(ModelFile, ChangedBytesAreRefused) {
  write_model(scratch("bytes.h5"), sample());
  const std::string whole = read_text(scratch("bytes.h5"));
  for (size_t i = 0; i < 200; ++i) {
    std::string changed = whole;
    changed[i * 7919 % whole.size()] ^= static_cast<char>(1 << i % 8);
    std::ofstream(scratch("bytes_changed.h5"), std::ios::binary) << changed;
    try {
      read_model(scratch("bytes_changed.h5"));
      ADD_FAILURE() << "byte " << i * 7919 % whole.size();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::input);
    }
  }
}

// A model cut short at any length is an error, never a crash or a half-read model.
TEST(ModelFile, TruncatedModelsAreRefused) {
  write_model(scratch("cut.h5"), sample());
  const std::string whole = read_text(scratch("cut.h5"));
  for (size_t part = 0; part < 16; ++part) {
    write_text(scratch("cut_short.h5"), whole.substr(0, whole.size() * part / 16));
    EXPECT_THROW(read_model(scratch("cut_short.h5")), Error) << part;
  }
}

TEST(GivenCentroids, AreReadWithTheirShape) {
  const auto path = scratch("given.h5");
  write_matrix(path, "/start/centroids", 3, 2, {}, false,
               [](int64_t, std::vector<float>& out) { out = {1, 2, 3, 4, 5, 6.5f}; });
  int64_t k = 0;
  EXPECT_EQ(read_centroids(path.string() + ":/start/centroids", 2, k), (std::vector<double>{1, 2, 3, 4, 5, 6.5}));
  EXPECT_EQ(k, 3);
  for (const std::string& wrong : {path.string() + ":/start", path.string() + ":/none", path.string(),
                                   std::string(":/x"), path.string() + "x:/start/centroids"}) {
    try {
      read_centroids(wrong, 2, k);
      ADD_FAILURE() << wrong;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::input) << wrong;
    }
  }
  EXPECT_THROW(read_centroids(path.string() + ":/start/centroids", 3, k), Error);
  write_matrix(path, "/c", 1, 2, {}, false, [](int64_t, std::vector<float>& out) { out = {1, NAN}; });
  EXPECT_THROW(read_centroids(path.string() + ":/c", 2, k), Error);
}

}  // namespace
}  // namespace clientele

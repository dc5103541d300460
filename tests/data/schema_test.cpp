#include "clientele/data/schema.h"

#include <set>

#include "clientele/data/events.h"
#include "tests/data/reading.h"

namespace clientele {
namespace {

Schema three_columns() {
  Schema schema;
  for (const char* name : {"spend", "Age", "city"}) {
    Column column;
    column.name = name;
    schema.columns.push_back(column);
  }
  schema.columns[2].kind = ColumnKind::category;
  schema.columns[2].categories = {"Bonn", "Rome"};
  return schema;
}

TEST(ColumnSpecs, GiveRolesByNameAndKind) {
  Schema schema = three_columns();
  ColumnSpec time;
  time.kind = ColumnKind::time;
  apply_column_specs({{"spend", time}}, schema);
  EXPECT_EQ(schema.columns[0].role, ColumnRole::profile);
  EXPECT_EQ(schema.columns[1].role, ColumnRole::profile);
  EXPECT_EQ(schema.columns[2].role, ColumnRole::cluster);
}

TEST(ColumnSpecs, DeclareWhatTheyName) {
  Schema schema = three_columns();
  ColumnSpec money{.kind = ColumnKind::money,
                   .role = ColumnRole::cluster,
                   .metric = "",
                   .block = "value",
                   .unit = "EUR",
                   .weight = 2,
                   .transform = ColumnTransform::log1p,
                   .missing = MissingPolicy::zero,
                   .missing_indicator = true};
  ColumnSpec metric;
  metric.metric = "churn";
  apply_column_specs({{"spend", money}, {"city", metric}}, schema);
  const Column& spend = schema.columns[0];
  EXPECT_EQ(spend.kind, ColumnKind::money);
  EXPECT_EQ(spend.block + spend.unit, "valueEUR");
  EXPECT_EQ(spend.weight, 2);
  EXPECT_EQ(spend.transform, ColumnTransform::log1p);
  EXPECT_EQ(spend.missing, MissingPolicy::zero);
  EXPECT_TRUE(spend.missing_indicator);
  EXPECT_EQ(schema.columns[2].role, ColumnRole::profile);
  EXPECT_EQ(schema.columns[2].metric, "churn");
  EXPECT_EQ(schema.columns[2].kind, ColumnKind::category);
}

TEST(ColumnSpecs, ListAllUnknownNamesWithSuggestions) {
  Schema schema = three_columns();
  const std::string text = test::error_of(
      [&] {
        apply_column_specs({{"spent", {}}, {"ctiy", {}}, {"Age", {}}}, schema);
      },
      ErrorKind::usage);
  EXPECT_TRUE(test::says(text, "columns.spent") && test::says(text, "columns.ctiy")) << text;
  EXPECT_TRUE(test::says(text, "\"spend\" for \"spent\"") && test::says(text, "\"city\" for \"ctiy\"")) << text;
  EXPECT_FALSE(test::says(text, "columns.Age"));
}

TEST(ColumnSpecs, RefuseToCallTextsNumbers) {
  Schema schema = three_columns();
  ColumnSpec number;
  number.kind = ColumnKind::number;
  const std::string text = test::error_of(
      [&] {
        apply_column_specs({{"city", number}, {"spend", number}}, schema);
      },
      ErrorKind::usage);
  EXPECT_TRUE(test::says(text, "columns.city.kind")) << text;
  EXPECT_FALSE(test::says(text, "columns.spend")) << text;
}

/// Collects what a Spec tells about itself.
class Collector : public SpecVisitor {
 public:
  void field(const FieldInfo& info, bool&) override { see(info); }
  void field(const FieldInfo& info, int64_t&) override { see(info); }
  void field(const FieldInfo& info, double&) override { see(info); }
  void field(const FieldInfo& info, std::string&) override { see(info); }
  void field(const FieldInfo& info, std::vector<std::string>&) override { see(info); }
  void field(const FieldInfo& info, std::vector<int64_t>&) override { see(info); }
  void field(const FieldInfo& info, std::vector<double>&) override { see(info); }
  void choice(const FieldInfo& info, int& index) override {
    see(info);
    EXPECT_LT(index, static_cast<int>(info.choices.size()));
    choices[info.name] = info.choices.size();
  }
  void see(const FieldInfo& info) {
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_GT(info.help.size(), 10U) << info.name;
    EXPECT_EQ(info.help.back(), '.') << info.name;
  }

  std::set<std::string> names;
  std::map<std::string, size_t> choices;
};

TEST(Specs, VisitEveryKey) {
  Collector column, block, input, events;
  ColumnSpec().visit(column);
  BlockSpec().visit(block);
  InputSpec().visit(input);
  EventsSpec().visit(events);
  EXPECT_EQ(column.names, (std::set<std::string>{"kind", "role", "metric", "block", "unit", "weight", "transform",
                                                 "missing", "missing_indicator"}));
  EXPECT_EQ(column.choices,
            (std::map<std::string, size_t>{{"kind", 9}, {"role", 6}, {"transform", 4}, {"missing", 7}}));
  EXPECT_EQ(block.names, (std::set<std::string>{"weight"}));
  EXPECT_EQ(input.names, (std::set<std::string>{"file", "layout", "dataset", "id", "rows"}));
  EXPECT_EQ(events.names, (std::set<std::string>{"file", "dataset", "client", "ts", "type", "category", "channel",
                                                 "amount", "minor_digits", "qty", "as_of", "window", "paying_only"}));
}

TEST(MemorySource, ReadsItsColumns) {
  Schema schema = three_columns();
  IdColumn ids;
  ids.rows = 2;
  MemorySource source(schema, {{1, -0.0}, {3, 4}, {0, 1}}, ids);
  EXPECT_TRUE(test::same_values(test::read_all(source, 1), {1, 0, 3, 4, 0, 1}));
  EXPECT_EQ(source.plan().layout, "memory");
  ThreadPool pool(1);
  EXPECT_EQ(source.read_ids(pool).rows, 2);
  EXPECT_NE(test::error_of([&] { MemorySource(schema, {{1, 2}, {3, 4}}, ids); }, ErrorKind::internal), "");
}

}  // namespace
}  // namespace clientele

#include "command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>

#include "clientele/base/errors.h"
#include "clientele/base/suggest.h"
#include "job_help.h"
#include "job_layers.h"
#include "version.h"

namespace clientele {
namespace {

/// Builds the commands over one CommandLine.
class Commands {
 public:
  explicit Commands(CommandLine& line)
      : line_(line),
        app_(
            "Client segmentation: from client tables and event logs in HDF5 to published segments, profiles and a "
            "page.",
            "clientele") {
    app_.require_subcommand(1);
    app_.set_version_flag("--version", std::string("clientele ") + kProgramVersion);
    app_.footer(
        "`clientele COMMAND --help` says more. Exit codes: 0 done, 1 internal, 2 usage, 3 input, 4 files, 5 device,\n"
        "9 a warning under --strict (the result is published), 129, 130 and 143 interrupted. Data goes to standard\n"
        "output, messages to standard error.");
    run();
    plan();
    validate();
    inspect();
    assign();
    doctor();
    generate();
    report();
    version();
  }

  CLI::App& app() { return app_; }

 private:
  CLI::App* command(const std::string& name, const std::string& help) {
    CLI::App* made = app_.add_subcommand(name, help);
    made->callback([this, name] { line_.command = name; });
    return made;
  }

  /// A flag with a value that stands for a job key.
  void key_flag(CLI::App* command, const std::string& flag, const std::string& section, const std::string& key,
                const std::string& help) {
    command->add_option_function<std::string>(
        flag,
        [this, flag, section, key](const std::string& value) {
          line_.flags.push_back(flag_setting(section, key, value, flag));
        },
        help + " (" + section + "." + key + ")");
  }
  void switch_flag(CLI::App* command, const std::string& flag, const std::string& section, const std::string& key,
                   const std::string& help) {
    command->add_flag_callback(
        flag, [this, flag, section, key] { line_.flags.push_back(flag_setting(section, key, "true", flag)); },
        help + " (" + section + "." + key + ")");
  }

  void log_options(CLI::App* command) {
    command
        ->add_option_function<std::string>(
            "--log-format", [this](const std::string& value) { line_.log_json = value == "json"; },
            "text, or json: one event a line on standard error, the last one a summary")
        ->check(CLI::IsMember({"text", "json"}));
    command->add_flag("-q,--quiet", line_.quiet,
                      "Only warnings and errors on standard error, and the summary of a JSON log");
  }

  void job_options(CLI::App* command, bool job_required) {
    CLI::Option* job = command->add_option("JOB", line_.job, "Job file (TOML)");
    if (job_required) job->required();
    command->add_option("--set", line_.sets, "section.key=value, stronger than the job file and the environment")
        ->type_size(1)
        ->allow_extra_args(false);
    key_flag(command, "--out", "output", "folder", "Folder to publish in");
    key_flag(command, "--device", "run", "device", "auto, cpu, cuda or cuda:INDEX");
    key_flag(command, "--threads", "run", "threads", "Threads of the CPU");
    key_flag(command, "--memory", "run", "memory", "Memory that the job may take, such as 8GiB");
    key_flag(command, "--k", "cluster", "k", "Number of segments, or [from,to]");
    key_flag(command, "--seed", "cluster", "seed", "Seed of all draws");
    switch_flag(command, "--csv", "output", "csv", "Write segments.csv as well");
    switch_flag(command, "--strict", "run", "strict", "A warning makes the exit code 9");
  }

  void read_options(CLI::App* command) {
    command->add_option("--layout", line_.layout, "auto, matrix, columns, compound or anndata");
    command->add_option("--dataset", line_.dataset, "Path of the dataset or group in the file");
    command->add_option("--id", line_.id, "Name of the id dataset, field or column");
  }

  void run() {
    CLI::App* made = command("run", "Run a job and publish its output folder.");
    job_options(made, true);
    made->add_flag("--force", line_.force, "Run even if the output is up to date");
    log_options(made);
    made->footer(job_help);
  }
  void plan() {
    CLI::App* made = command("plan", "What a run would do, without reading any rows.");
    job_options(made, true);
    made->add_flag("--json", line_.json, "As JSON");
  }
  void validate() {
    CLI::App* made = command("validate", "Check the job file alone; everything that is wrong is listed at once.");
    job_options(made, false);
    made->add_flag("--keys", line_.keys, "Print an annotated job file with every key at its default");
    made->add_flag("--json", line_.json, "Print the resolved job with the origin of every value");
  }
  void inspect() {
    CLI::App* made = command("inspect", "What an HDF5 file holds and how it would be read.");
    made->add_option("FILE", line_.file, "HDF5 file")->required();
    made->add_flag("--json", line_.json, "As JSON");
  }
  void assign() {
    CLI::App* made = command("assign", "Score clients with a saved model.");
    made->add_option("MODEL", line_.model, "model.h5 of a run")->required();
    made->add_option("FILE", line_.file, "HDF5 file with clients; columns are matched by name");
    made->add_option("--job", line_.job,
                     "Read the clients as this job's [input], [events] and [behaviour] say, instead of FILE");
    made->add_option("--set", line_.sets, "section.key=value for --job")->type_size(1)->allow_extra_args(false);
    made->add_option("--out", line_.out, "Folder to publish in")->required();
    made->add_option("--device", line_.device, "auto, cpu, cuda or cuda:INDEX");
    made->add_option("--threads", line_.threads, "Threads of the CPU; 0: all")->check(CLI::Range(0, 4096));
    made->add_option("--memory", line_.memory, "Memory that scoring may take, such as 8GiB; empty: what is free");
    made->add_option("--scratch", line_.scratch, "Folder for rows that do not fit; empty: beside the output folder");
    made->add_flag("--csv", line_.csv, "Write segments.csv as well");
    made->add_flag("--force", line_.force, "Assign even if the output is up to date");
    read_options(made);
    log_options(made);
  }
  void doctor() {
    CLI::App* made = command("doctor", "What this machine offers: processor, GPU, HDF5, memory, file system.");
    made->add_option("--out", line_.out, "Folder whose file system is looked at (default: the working folder)");
    made->add_flag("--json", line_.json, "As JSON");
  }
  void generate() {
    CLI::App* made =
        command("generate", "Synthetic clients or events with planted segments, the same for a seed on every machine.");
    GenerateArguments& g = line_.generate;
    made->add_option("--clients", g.clients, "Number of clients")->check(CLI::Range(int64_t{1}, int64_t{1} << 40));
    made->add_option("--features", g.features, "Features of a client (mixture, structureless)")
        ->check(CLI::Range(1, 65536));
    made->add_option("--segments", g.segments, "Planted segments (mixture, events)")->check(CLI::Range(1, 65536));
    made->add_option("--seed", g.seed, "Seed of all draws")->check(CLI::NonNegativeNumber);
    made->add_option("--kind", g.kind, "mixture, structureless (one cloud) or events (a purchase log)")
        ->check(CLI::IsMember({"mixture", "structureless", "events"}));
    made->add_option("--separation", g.separation,
                     "Distance scale between segment centres in standard deviations; below 3 they overlap")
        ->check(CLI::Range(0.0, 1e6));
    made->add_flag("--tails", g.tails, "Every fourth feature is heavy-tailed (log-normal)");
    made->add_flag("--ids", g.ids, "Write client ids as well (mixture, structureless)");
    made->add_option("--days", g.days, "Length of the event log in days")->check(CLI::Range(1.0, 36500.0));
    made->add_option("--out", g.out, "HDF5 file to write")->required();
    made->add_flag("--force", line_.force, "Replace the file if it is there");
    log_options(made);
  }
  void report() {
    CLI::App* made = command("report", "Make report.html of a finished run again.");
    made->add_option("RUN", line_.file, "Output folder of a run")->required();
  }
  void version() {
    CLI::App* made = command("version", "Versions of the program and its libraries.");
    made->add_flag("--json", line_.json, "As JSON");
  }

  CommandLine& line_;
  CLI::App app_;
};

/// "unknown command" with the nearest one, for a first word that is neither a command nor an option.
void refuse_unknown_command(CLI::App& app, int argc, const char* const* argv) {
  if (argc < 2 || argv[1][0] == '-') return;
  const std::string word = argv[1];
  std::vector<std::string> known;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    known.push_back(command->get_name());
  if (std::find(known.begin(), known.end(), word) != known.end()) return;
  const std::string best = nearest(word, known);
  std::string list;
  for (const std::string& name : known) list += (list.empty() ? "" : ", ") + name;
  throw Error(ErrorKind::usage, {.what = "unknown command",
                                 .where = "command line",
                                 .expected = "one of " + list,
                                 .found = '"' + word + '"',
                                 .hint = best.empty() ? "`clientele --help` says what each command does."
                                                      : "Did you mean `clientele " + best + "`?"});
}

CommandLine printed(std::string text) {
  CommandLine line;
  line.text = std::move(text);
  return line;
}

}  // namespace

bool wants_json_log(int argc, const char* const* argv) {
  bool json = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--log-format=json") json = true;
    if (word == "--log-format" && i + 1 < argc) json = std::string_view(argv[i + 1]) == "json";
  }
  return json;
}

CommandLine parse_command_line(int argc, const char* const* argv) {
  CommandLine line;
  Commands commands(line);
  refuse_unknown_command(commands.app(), argc, argv);
  try {
    commands.app().parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return printed(commands.app().help());
  } catch (const CLI::CallForAllHelp&) {
    return printed(commands.app().help("", CLI::AppFormatMode::All));
  } catch (const CLI::CallForVersion& call) {
    return printed(std::string(call.what()) + "\n");
  } catch (const CLI::ParseError& error) {
    throw Error(ErrorKind::usage,
                {.what = error.what(),
                 .where = "command line",
                 .hint = "`clientele --help` lists the commands, `clientele COMMAND --help` their options."});
  }
  return line;
}

}  // namespace clientele

/* SPDX-License-Identifier: MIT */
/* emblas example: runs one of the examples that are built in. */
#include "example.h"
#include "values.h"

#include <math.h>
#include <string.h>

static const struct {
  const char *name;
  enum exit_status (*run)(const struct example_arguments *arguments);
  int draws; /* it has a picture */
  int saves; /* it has one model to save */
} examples[] = {
    {"triangular", example_triangular, 1, 1},
    {"two-normals", example_two_normals, 1, 0},
    {"three-coins", example_three_coins, 0, 0},
    {"faithful", example_faithful, 1, 1},
};
static const char *const example_names[] = {"triangular", "two-normals", "three-coins", "faithful", NULL};
static const struct choice name_choice = {"example", example_names, NULL};

struct arguments {
  size_t which;
  struct example_arguments example;
};

static void check(const struct arguments *a, struct argp_state *state) {
  if (state->arg_num == 0)
    usage_error(state, "NAME is missing: triangular, two-normals, three-coins or faithful");
  if (a->example.plot && !examples[a->which].draws) {
    usage_error(state, "example %s has no picture", examples[a->which].name);
  }
  if (a->example.output && !examples[a->which].saves) {
    usage_error(state, "example %s has no single model to save", examples[a->which].name);
  }
}

static error_t parse(int key, char *text, struct argp_state *state) {
  struct arguments *a = state->input;
  switch (key) {
  case 'o':
    a->example.output = text;
    return 0;
  case 's':
    a->example.seed = value_seed("--seed", text);
    return 0;
  case 'p':
    value_picture("--plot", text);
    a->example.plot = text;
    return 0;
  case ARGP_KEY_ARG:
    if (state->arg_num > 0) usage_error(state, "one example at a time: '%s' is too many", text);
    a->which = value_choice(&name_choice, text);
    return 0;
  case ARGP_KEY_END:
    check(a, state);
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

enum exit_status command_example(int argc, char **argv) {
  static const struct argp_option options[] = {
      {"output", 'o', "MODEL.json", 0, "save the model (triangular, faithful)", 0},
      {"plot", 'p', "FILE", 0, "picture: .svg, .png or .pdf (not three-coins)", 0},
      {"seed", 's', "S", 0, "seed of the draws (1)", 0},
      {NULL, 0, NULL, 0, NULL, 0},
  };
  static const struct argp argp = {
      .options = options,
      .parser = parse,
      .args_doc = "NAME",
      .doc = "Runs an example:\n\n"
             "  triangular   100 normals for 10,000 draws from a triangle\n"
             "  two-normals  two samples, two components each\n"
             "  three-coins  EM for a model of one's own, from three starts\n"
             "  faithful     eruptions of Old Faithful, four covariance models",
  };
  struct arguments arguments = {.example = {.seed = 1}};
  parse_arguments(&argp, argc, argv, &arguments);
  if (arguments.example.output && !output_possible(arguments.example.output)) return EXIT_FAILED;
  if (arguments.example.plot && !output_possible(arguments.example.plot)) return EXIT_FAILED;
  return examples[arguments.which].run(&arguments.example);
}

double example_uniform(uint64_t *state) {
  uint64_t z = *state += 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

/* Box and Muller (1958); 1 - u, as u may be 0. */
double example_normal(uint64_t *state) {
  double radius = sqrt(-2 * log(1 - example_uniform(state)));
  return radius * cos(6.28318530717958647692 * example_uniform(state));
}

struct emblas_model *example_fit(const double *values, size_t rows, size_t columns,
                                 const struct emblas_options *options, struct emblas_report *report) {
  struct emblas_model *model = NULL;
  struct emblas_data data;
  emblas_data_init(&data, sizeof data);
  data.values = values;
  data.rows = rows;
  data.columns = columns;
  emblas_report_init(report, sizeof *report);
  emblas_status status = emblas_fit(&data, options, &model, report);
  if (status != EMBLAS_OK) die(EXIT_FAILED, "the fit failed: %s", emblas_status_string(status));
  return model;
}

enum exit_status example_save(const char *path, const struct emblas_model *model, const char *const *names,
                              const struct emblas_report *report, size_t rows, uint64_t seed) {
  struct io_error error;
  struct io_fit fit = fit_record(report, rows, seed);
  if (io_model_write(path, model, names, &fit, &error) == 0) return EXIT_DONE;
  complain("%s", error.text);
  return EXIT_FAILED;
}

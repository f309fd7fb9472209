/* SPDX-License-Identifier: MIT */
/* emblas plot: a picture of a model, with or without the data it stands for. */
#include "picture.h"
#include "plot.h"
#include "rows.h"
#include "values.h"

struct arguments {
  const char *model, *data, *output, *script;
  struct io_selection selection; /* its format and weights */
};

static error_t parse(int key, char *text, struct argp_state *state) {
  struct arguments *a = state->input;
  switch (key) {
  case ARGP_KEY_INIT:
    state->child_inputs[0] = &a->selection.format;
    return 0;
  case 'o':
    value_picture("-o", text);
    a->output = text;
    return 0;
  case 's':
    a->script = text;
    return 0;
  case 'w':
    a->selection.weights = text;
    return 0;
  case ARGP_KEY_ARG:
    if (state->arg_num > 1) usage_error(state, "'%s' is too many: MODEL and perhaps DATA are needed", text);
    *(state->arg_num == 0 ? &a->model : &a->data) = text;
    return 0;
  case ARGP_KEY_END:
    if (!a->model) usage_error(state, "MODEL is missing");
    if (a->selection.weights && !a->data) usage_error(state, "--weights needs DATA");
    if (!a->output) usage_error(state, "-o is missing: the picture to write");
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

enum exit_status command_plot(int argc, char **argv) {
  static const struct argp_option options[] = {
      {"output", 'o', "FILE", 0, "the picture: .svg, .png or .pdf", 0},
      {"plot-script", 's', "FILE", 0, "keep the gnuplot script", 0},
      {"weights", 'w', "COLUMN", 0, "observation weights in DATA, name or number (all 1)", 0},
      {NULL, 0, NULL, 0, NULL, 0},
  };
  static const struct argp_child children[] = {{&table_argp, 0, NULL, 0}, {NULL, 0, NULL, 0}};
  static const struct argp argp = {
      .options = options,
      .parser = parse,
      .children = children,
      .args_doc = "MODEL [DATA]",
      .doc = "Draws MODEL, with DATA where it is given: one column as histogram and densities, two as "
             "points and "
             "ellipses, more as a matrix of pairs.",
  };
  struct arguments arguments = {0};
  struct loaded_model loaded;
  struct io_table table = {0};
  parse_arguments(&argp, argc, argv, &arguments);
  model_load(arguments.model, &loaded);
  if (arguments.data) {
    rows_read_for(&loaded, arguments.data, &arguments.selection, &table);
    rows_say_notes(&table, arguments.data);
  }
  struct plot_mixture plot = {
      .model = loaded.model,
      .names = (const char *const *)loaded.names,
      .values = table.values,
      .weights = table.weights,
      .rows = table.rows,
      .source = arguments.data ? arguments.data : arguments.model,
  };
  enum exit_status status = picture_draw(arguments.output, arguments.script, plot_mixture, &plot);
  if (arguments.data) io_table_free(&table);
  model_unload(&loaded);
  return status;
}

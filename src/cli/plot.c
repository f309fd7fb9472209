/* SPDX-License-Identifier: MIT */
/* emblas plot: a picture of a model, with or without the data it stands for. */
#include "picture.h"
#include "plot.h"
#include "rows.h"
#include "values.h"

#include <stdlib.h>

struct arguments {
  const char *model, *data, *output, *script;
  struct io_selection selection; /* its format and weights */
  enum plot_show show;
};

enum { KEY_SHOW = 1000 };

/* In the order of enum plot_show. */
static const struct choice shows = {
    "picture", (const char *const[]){"labels", "uncertainty", "outliers", "density", NULL}, NULL};

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
  case KEY_SHOW:
    a->show = (enum plot_show)value_choice(&shows, text);
    return 0;
  case ARGP_KEY_ARG:
    if (state->arg_num > 1) usage_error(state, "'%s' is too many: MODEL and perhaps DATA are needed", text);
    *(state->arg_num == 0 ? &a->model : &a->data) = text;
    return 0;
  case ARGP_KEY_END:
    if (!a->model) usage_error(state, "MODEL is missing");
    if (a->selection.weights && !a->data) usage_error(state, "--weights needs DATA");
    if ((a->show == PLOT_UNCERTAINTY || a->show == PLOT_OUTLIERS) && !a->data)
      usage_error(state, "--show %s needs DATA", shows.names[a->show]);
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
      {"show", KEY_SHOW, "WHAT", 0,
       "what points say beside their label: labels (default), uncertainty (their size), outliers (which "
       "are far "
       "from their component); or density: contours that hold 25, 50, 75, 95 and 99 % of the mixture",
       0},
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
  if (arguments.show != PLOT_LABELS && !emblas_family_has_covariances(emblas_model_family(loaded.model)) &&
      arguments.show != PLOT_UNCERTAINTY)
    die(EXIT_USAGE, "--show %s: %s has no covariances", shows.names[arguments.show], arguments.model);
  size_t rows;
  double *some = rows_some(&table, arguments.data, PLOT_ROWS, &rows);
  struct plot_mixture plot = {
      .model = loaded.model,
      .names = (const char *const *)loaded.names,
      .values = some ? some : table.values,
      .weights = table.weights,
      .places = table.places,
      .rows = rows,
      .all = table.rows,
      .show = arguments.show,
      .source = arguments.data ? arguments.data : arguments.model,
  };
  enum exit_status status = picture_draw(arguments.output, arguments.script, plot_mixture, &plot);
  free(some);
  if (arguments.data) io_table_free(&table);
  model_unload(&loaded);
  return status;
}

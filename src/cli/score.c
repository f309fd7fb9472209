/* SPDX-License-Identifier: MIT */
/* emblas score: the log-likelihood of rows under a model. */
#include "rows.h"
#include "text.h"
#include "values.h"

struct arguments {
  const char *model, *data;
  struct io_selection selection; /* its format and weights */
  int json;
};

static const char *const formats[] = {"text", "json", NULL};
static const struct choice format_choice = {"format", formats, NULL};

static error_t parse(int key, char *text, struct argp_state *state) {
  struct arguments *a = state->input;
  switch (key) {
  case ARGP_KEY_INIT:
    state->child_inputs[0] = &a->selection.format;
    return 0;
  case 'f':
    a->json = value_choice(&format_choice, text) == 1;
    return 0;
  case 'w':
    a->selection.weights = text;
    return 0;
  case ARGP_KEY_ARG:
    if (state->arg_num > 1) usage_error(state, "'%s' is too many: MODEL and DATA are needed", text);
    *(state->arg_num == 0 ? &a->model : &a->data) = text;
    return 0;
  case ARGP_KEY_END:
    if (!a->data) usage_error(state, "MODEL and DATA are needed");
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

enum exit_status command_score(int argc, char **argv) {
  static const struct argp_option options[] = {
      {"format", 'f', "NAME", 0, "text, or json: loglik, mean, n (text)", 0},
      {"weights", 'w', "COLUMN", 0, "observation weights, name or number (all 1)", 0},
      {NULL, 0, NULL, 0, NULL, 0},
  };
  static const struct argp_child children[] = {{&table_argp, 0, NULL, 0}, {NULL, 0, NULL, 0}};
  static const struct argp argp = {
      .options = options,
      .parser = parse,
      .children = children,
      .args_doc = "MODEL DATA",
      .doc =
          "Prints the log-likelihood of the rows of DATA in nats, in total and per row or unit of weight.",
  };
  struct arguments arguments = {0};
  struct loaded_model loaded;
  struct io_table table;
  struct emblas_prediction prediction;
  struct emblas_report report;
  char total[32], mean[32];
  parse_arguments(&argp, argc, argv, &arguments);
  model_load(arguments.model, &loaded);
  rows_read_for(&loaded, arguments.data, &arguments.selection, &table);
  rows_say_notes(&table, arguments.data);

  struct emblas_data data = rows_data(&table);
  emblas_prediction_init(&prediction, sizeof prediction);
  emblas_report_init(&report, sizeof report);
  emblas_status status = emblas_predict(loaded.model, &data, NULL, &prediction, &report);
  if (status != EMBLAS_OK) rows_refuse(status, &report, arguments.data, &table, 0);
  double per_row = prediction.loglik / rows_weight(&table, arguments.data);
  if (arguments.json) {
    printf("{ \"loglik\": %s, \"mean\": %s, \"n\": %zu }\n", io_number_format(prediction.loglik, total),
           io_number_format(per_row, mean), table.rows);
  } else {
    text_field(stdout, text_width(stdout), "log-likelihood", text_nats(prediction.loglik, total));
    text_field(stdout, text_width(stdout), arguments.selection.weights ? "per weight" : "per row",
               text_nats(per_row, mean));
    printf("%-16s%zu\n", "rows", table.rows);
  }
  io_table_free(&table);
  model_unload(&loaded);
  return EXIT_DONE;
}

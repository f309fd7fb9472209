/* SPDX-License-Identifier: MIT */
/* The command line of `emblas fit`. */
#include "fit.h"
#include "rows.h"
#include "values.h"

#include <stdlib.h>
#include <string.h>

enum option_key {
  KEY_FAMILY = 256,
  KEY_COV,
  KEY_CRITERION,
  KEY_COLUMNS,
  KEY_WEIGHTS,
  KEY_INIT,
  KEY_STARTS,
  KEY_SEED,
  KEY_TOL,
  KEY_MAX_ITER,
  KEY_STOP,
  KEY_ACCELERATE,
  KEY_COMPRESS,
  KEY_ORDER,
  KEY_BACKEND,
  KEY_THREADS,
  KEY_PLOT,
  KEY_PLOT_TRACE,
  KEY_PLOT_SCRIPT,
  KEY_TRACE,
  KEY_SELECTION,
  KEY_PARAMETERS,
  KEY_FORMAT
};

static const struct argp_option option_table[] = {
    {NULL, 0, NULL, 0, "Model:", 1},
    {"components", 'k', "K|A:B", 0, "number of components, or a range searched by --criterion (1:9)", 0},
    {"cov", KEY_COV, "LIST", 0,
     "covariance models: full, tied, diag, spherical, tied-diag, tied-spherical or mclust's names (VVV, "
     "VEV, ..; V, E in "
     "one dimension); several with commas, all-spherical, all-diagonal, all-ellipsoidal or all (full; of a "
     "search in few "
     "rows all)",
     0},
    {"criterion", KEY_CRITERION, "NAME", 0, "bic, aic or icl: the smallest is kept (bic)", 0},
    {"family", KEY_FAMILY, "NAME", 0, "gaussian, or poisson for counts (gaussian)", 0},
    {NULL, 0, NULL, 0, "Data:", 2},
    {"columns", KEY_COLUMNS, "LIST", 0,
     "names, numbers from 1 or ranges 2:5, with commas, in quotation marks where they hold some; -NAME: "
     "all but "
     "this; may be repeated (all of numbers)",
     0},
    {"weights", KEY_WEIGHTS, "COLUMN", 0, "observation weights, name or number (all 1)", 0},
    {NULL, 0, NULL, 0, "Algorithm:", 3},
    {"init", KEY_INIT, "KIND", 0,
     "kmeans++, random, labels:FILE, responsibilities:FILE or model:FILE (kmeans++)", 0},
    {"starts", KEY_STARTS, "N", 0, "how many starts, the best is kept (20)", 0},
    {"seed", KEY_SEED, "S", 0, "seed of the starts (1)", 0},
    {"stop", KEY_STOP, "RULE", 0,
     "loglik: log-likelihood still to gain; q: change of Q; weights: norm of the change of the mixing "
     "weights (loglik)",
     0},
    {"tol", KEY_TOL, "T", 0, "stop below this, in nats for loglik and q; 0: never (1e-7)", 0},
    {"max-iter", KEY_MAX_ITER, "N", 0, "at most so many EM maps a start (10000)", 0},
    {"accelerate", KEY_ACCELERATE, "NAME", 0, "auto, none (plain EM), squarem or anderson (auto)", 0},
    {"compress", KEY_COMPRESS, "NAME", 0,
     "auto (merge rows where that is exact), none, or stream: no copies of rows, and a .npy stays in its "
     "file, as one of more than 1 GiB does anyway, but for none (auto)",
     0},
    {"backend", KEY_BACKEND, "NAME", 0, "auto, blas, native or reference (auto)", 0},
    {"threads", KEY_THREADS, "N", 0, "at most so many; auto: one a processor (auto)", 0},
    {NULL, 0, NULL, 0, "Output:", 4},
    {"order", KEY_ORDER, "NAME", 0,
     "of the components: weight (the largest first), first-column (by the mean in it, the smallest first) "
     "or "
     "none (weight; none where labels, responsibilities or a model are given to start from)",
     0},
    {"output", 'o', "MODEL.json", 0, "save the model; - prints it in place of the report", 0},
    {"plot", KEY_PLOT, "FILE", 0, "picture of data and fit: .svg, .png or .pdf", 0},
    {"plot-trace", KEY_PLOT_TRACE, "FILE", 0, "picture of the log-likelihood by iteration", 0},
    {"plot-script", KEY_PLOT_SCRIPT, "FILE", 0, "keep the gnuplot script of --plot", 0},
    {"trace", KEY_TRACE, "FILE.csv", 0, "log-likelihood, Q, entropy and weight change by iteration", 0},
    {"selection", KEY_SELECTION, "FILE", 0,
     "all models that were tried, with their criteria: .json, else CSV", 0},
    {"parameters", KEY_PARAMETERS, NULL, 0, "report covariances and correlations, too", 0},
    {"format", KEY_FORMAT, "NAME", 0, "text report, or json: the model file (text)", 0},
    {"quiet", 'q', NULL, 0, "no report and no progress; warnings go to standard error", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

const char *const criterion_names[] = {"bic", "aic", "icl", NULL};

static const char *const families[] = {"gaussian", "poisson", NULL}; /* in the order of emblas_family */
static const char *const families_planned[] = {"bernoulli", "multinomial", NULL};
static const char *const stops[] = {"loglik", "q", "weights", NULL}; /* in the order of emblas_stop_rule */
static const char *const accelerators[] = {"auto", "none", "squarem", "anderson", NULL};
static const char *const compressions[] = {"auto", "none", "stream", NULL};   /* as emblas_compression */
static const char *const orders[] = {"none", "weight", "first-column", NULL}; /* as emblas_order */
static const char *const backends[] = {"auto", "blas", "native", "reference", NULL};
static const char *const formats[] = {"text", "json", NULL};
static const char *const inits[] = {"kmeans++",   "random", "labels:FILE", "responsibilities:FILE",
                                    "model:FILE", NULL};
static const char *const inits_planned[] = {"hierarchical", NULL};

static const struct choice family_choice = {"family", families, families_planned};
static const struct choice criterion_choice = {"criterion", criterion_names, NULL};
static const struct choice stop_choice = {"stop rule", stops, NULL};
static const struct choice accelerate_choice = {"acceleration", accelerators, NULL};
static const struct choice compress_choice = {"compression", compressions, NULL};
static const struct choice order_choice = {"order", orders, NULL};
static const struct choice backend_choice = {"backend", backends, NULL};
static const struct choice format_choice = {"format", formats, NULL};
static const struct choice init_choice = {"start", inits, inits_planned};

static const struct emblas_backend *value_backend(const char *text) {
  size_t choice = value_choice(&backend_choice, text);
  const char *name = backends[choice];
  if (choice == 0) return NULL;
  const struct emblas_backend *backend = emblas_backend_find(name);
  if (!backend) die(EXIT_USAGE, "backend '%s' is not in this build", name);
  return backend;
}

static void set_start(struct fit_arguments *a, const char *text) {
  const struct {
    const char *kind;
    enum emblas_start start;
    const char **path;
  } files[] = {{"labels:", EMBLAS_START_LABELS, &a->labels_path},
               {"responsibilities:", EMBLAS_START_RESPONSIBILITIES, &a->responsibilities_path},
               {"model:", EMBLAS_START_MODEL, &a->model_path}};
  a->labels_path = a->responsibilities_path = a->model_path = NULL;
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
    size_t length = strlen(files[i].kind);
    if (strncmp(text, files[i].kind, length) != 0 || !text[length]) continue;
    *files[i].path = text + length;
    a->options.start = files[i].start;
    return;
  }
  a->options.start = strcmp(text, "random") == 0 ? EMBLAS_START_RANDOM : EMBLAS_START_KMEANSPP;
  if (value_choice(&init_choice, text) > 1) die(EXIT_USAGE, "start '%s' names no file", text);
}

static void set_picture(const char **path, const char *option, const char *text) {
  value_picture(option, text);
  *path = text;
}

/* Lists follow one another. */
static void add_columns(struct fit_arguments *a, const char *text) {
  char *all = print_string("%s%s%s", a->columns ? a->columns : "", a->columns ? "\n" : "", text);
  free(a->columns);
  a->selection.columns = a->columns = all;
}

static void set_data(struct fit_arguments *a, const char *text, struct argp_state *state) {
  if (a->data) usage_error(state, "one DATA at a time: '%s' is too many", text);
  a->data = text;
}

/* Of the sizes that are tried where none is given. */
enum { MOST_COMPONENTS = 9 };

/* What options say of each other. */
static void check(struct fit_arguments *a, struct argp_state *state) {
  int single = a->labels_path || a->responsibilities_path || a->model_path;
  if (!a->data) usage_error(state, "DATA is missing");
  if (!a->k_low && !single) a->k_low = 1, a->k_high = MOST_COMPONENTS, a->k_default = 1;
  if (single && a->k_low != a->k_high)
    usage_error(state, "-k is a range, but a start of one size is given");
  if (single && a->starts_given && a->options.starts != 1) {
    usage_error(state, "--starts %zu, but only one start is given", a->options.starts);
  }
  if (single) a->options.starts = 1;
  if (!single && !a->order_given) a->options.order = EMBLAS_ORDER_WEIGHT;
  if (a->covariance_count && !emblas_family_has_covariances(a->options.family)) {
    usage_error(state, "--cov is for families with covariances; %s has none",
                emblas_family_string(a->options.family));
  }
  if (a->plot_script && !a->plot) usage_error(state, "--plot-script needs --plot");
  if (a->output && strcmp(a->output, "-") == 0) {
    a->output = NULL;
    a->json = 1;
  }
}

static error_t parse(int key, char *text, struct argp_state *state) {
  struct fit_arguments *a = state->input;
  switch (key) {
  case ARGP_KEY_INIT:
    state->child_inputs[0] = &a->selection.format;
    break;
  case 'k':
    value_range("-k", text, &a->k_low, &a->k_high);
    break;
  case 'o':
    a->output = text;
    break;
  case 'q':
    a->quiet = 1;
    break;
  case KEY_FAMILY:
    a->options.family = (enum emblas_family)value_choice(&family_choice, text);
    break;
  case KEY_COV:
    a->covariance_count = value_covariances(text, a->covariances);
    break;
  case KEY_CRITERION:
    a->criterion = (enum emblas_criterion)value_choice(&criterion_choice, text);
    break;
  case KEY_COLUMNS:
    add_columns(a, text);
    break;
  case KEY_WEIGHTS:
    a->selection.weights = text;
    break;
  case KEY_INIT:
    set_start(a, text);
    break;
  case KEY_STARTS:
    a->options.starts = value_size("--starts", text, 1), a->starts_given = 1;
    break;
  case KEY_SEED:
    a->options.seed = value_seed("--seed", text);
    break;
  case KEY_TOL:
    a->options.tolerance = value_tolerance("--tol", text);
    break;
  case KEY_MAX_ITER:
    a->options.max_iterations = value_size("--max-iter", text, 0);
    break;
  case KEY_STOP:
    a->options.stop = (enum emblas_stop_rule)value_choice(&stop_choice, text);
    break;
  case KEY_ACCELERATE:
    a->options.accelerate = (enum emblas_acceleration)value_choice(&accelerate_choice, text);
    break;
  case KEY_COMPRESS:
    a->options.compress = (enum emblas_compression)value_choice(&compress_choice, text);
    a->selection.stay_from = a->options.compress == EMBLAS_COMPRESS_STREAM ? 1
                             : a->options.compress == EMBLAS_COMPRESS_NONE ? SIZE_MAX
                                                                           : ROWS_STAY_FROM;
    break;
  case KEY_ORDER:
    a->options.order = (enum emblas_order)value_choice(&order_choice, text), a->order_given = 1;
    break;
  case KEY_BACKEND:
    a->options.backend = value_backend(text);
    break;
  case KEY_THREADS:
    a->options.threads = strcmp(text, "auto") == 0 ? 0 : value_size("--threads", text, 1);
    break;
  case KEY_PLOT:
    set_picture(&a->plot, "--plot", text);
    break;
  case KEY_PLOT_TRACE:
    set_picture(&a->plot_trace, "--plot-trace", text);
    break;
  case KEY_PLOT_SCRIPT:
    a->plot_script = text;
    break;
  case KEY_TRACE:
    a->trace = text;
    break;
  case KEY_SELECTION:
    a->selection_path = text;
    break;
  case KEY_PARAMETERS:
    a->parameters = 1;
    break;
  case KEY_FORMAT:
    a->json = value_choice(&format_choice, text) == 1;
    break;
  case ARGP_KEY_ARG:
    set_data(a, text, state);
    break;
  case ARGP_KEY_END:
    check(a, state);
    break;
  default:
    return ARGP_ERR_UNKNOWN;
  }
  return 0;
}

void fit_arguments_parse(struct fit_arguments *arguments, int argc, char **argv) {
  static const struct argp_child children[] = {{&table_argp, 0, NULL, 0}, {NULL, 0, NULL, 0}};
  static const struct argp argp = {
      .options = option_table,
      .parser = parse,
      .children = children,
      .args_doc = "DATA",
      .doc = "Fits mixtures of Gaussians, or of Poisson counts, to the rows of DATA: a table in text, with "
             "or without a header, or .npy, "
             "also compressed by gzip; - for standard input. Defaults are in parentheses.",
  };
  *arguments = (struct fit_arguments){.criterion = EMBLAS_BIC};
  emblas_options_init(&arguments->options, sizeof arguments->options);
  parse_arguments(&argp, argc, argv, arguments);
}

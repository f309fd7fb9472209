/* SPDX-License-Identifier: MIT */
/* What a person should know before trusting a fit. */
#include "fit.h"
#include "rows.h"
#include "text.h"

#include <math.h>
#include <stdlib.h>

void warnings_add(struct warnings *warnings, char *text) {
  char **texts = realloc(warnings->texts, (warnings->count + 1) * sizeof *texts);
  if (!texts) die(EXIT_FAILED, "out of memory");
  warnings->texts = texts;
  warnings->texts[warnings->count++] = text;
}

static void columns(struct warnings *warnings, const struct emblas_report *report, char *const *names) {
  for (size_t j = 0; j < report->columns; j++) {
    if (!(report->column_flags[j] & EMBLAS_COLUMN_CONSTANT)) continue;
    char *name = text_clean(names[j]);
    warnings_add(warnings, print_string("column '%s' is constant", name));
    free(name);
  }
}

/* Components of full covariances are at the floor, or all but, where columns are collinear. */
static void collinear(struct warnings *warnings, const struct search *search, const struct io_table *table,
                      const struct emblas_options *options) {
  size_t first = 0, count = 0;
  int full = 0, covariances = emblas_family_has_covariances(options->family);
  for (size_t i = 0; i < search->table.count; i++) {
    enum emblas_covariance covariance = search->table.trials[i].covariance;
    full |= covariance == EMBLAS_FULL || covariance == EMBLAS_TIED;
  }
  if (covariances && full && !search->table.cancelled) count = columns_that_follow(table, options, &first);
  if (count == 0) return;
  char *name = text_clean(table->names[first]);
  warnings_add(warnings,
               count == 1
                   ? print_string("column '%s' follows from those before it: full covariances have no "
                                  "spread across it",
                                  name)
                   : print_string("%zu columns follow from those before them, the first is '%s': full "
                                  "covariances have no spread across them",
                                  count, name));
  free(name);
}

/* What is said of one component with a flag, and of several. */
struct fault {
  unsigned flag;
  const char *one, *several;
};
static const struct fault faults[] = {
    {EMBLAS_COMPONENT_EMPTY, "is empty: no row is left to it", "are empty"},
    {EMBLAS_COMPONENT_COLLAPSED, "has collapsed to the smallest variance allowed",
     "have collapsed to the smallest variance allowed"},
    {EMBLAS_COMPONENT_SPURIOUS, "has too few rows or too little spread to be trusted",
     "have too few rows or too little spread to be trusted"},
    {EMBLAS_COMPONENT_EQUAL, "is equal to another", "are equal since the start and cannot part"},
};
enum { FAULTS = sizeof faults / sizeof *faults };

/* "component 3 is empty", or how many are and the first of them. */
static void components(struct warnings *warnings, const struct emblas_report *report,
                       const struct fault *fault) {
  size_t count = 0, first = 0;
  for (size_t c = report->components; c-- > 0;) {
    if (report->component_flags[c] & fault->flag) first = c, count++;
  }
  if (count == 1) warnings_add(warnings, print_string("component %zu %s", first, fault->one));
  if (count > 1)
    warnings_add(warnings,
                 print_string("%zu components %s, the first is %zu", count, fault->several, first));
}

/* A single row, or equal ones, that make a component what should not be trusted; NULL when it is neither.
   Rows are counted from 1. malloc'ed. */
static char *component_rows(size_t component, const struct emblas_component_rows *at,
                            const struct io_table *table) {
  if (at->row == EMBLAS_NOWHERE) return NULL;
  size_t place = io_table_place(table, at->row);
  if (at->rows < 1.5) return print_string("component %zu stands on row %zu alone", component, place + 1);
  if (at->equal < 2 || (double)at->equal < at->rows / 2) return NULL;
  return print_string("component %zu stands on %zu equal rows, the first of them row %zu", component,
                      at->equal, place + 1);
}

static void places(struct warnings *warnings, const struct emblas_report *report,
                   const struct io_table *table) {
  for (size_t c = 0; c < report->components && report->component_rows; c++) {
    char *text = component_rows(c, &report->component_rows[c], table);
    if (text) warnings_add(warnings, text);
  }
}

static void cancelled(struct warnings *warnings, const struct emblas_selection *table) {
  size_t cut_short = 0;
  for (size_t i = 0; i < table->count; i++) cut_short += table->trials[i].stop == EMBLAS_CANCELLED;
  char *rest = cut_short == 0   ? print_string("%s", "")
               : cut_short == 1 ? print_string(", one of them not to its end")
                                : print_string(", %zu of them not to their ends", cut_short);
  warnings_add(warnings,
               print_string("cancelled: %zu of %zu models were tried%s", table->tried, table->count, rest));
  free(rest);
}

static void starts(struct warnings *warnings, const struct search *search) {
  const struct emblas_report *report = &search->report;
  size_t flagged = 0, failed = 0;
  for (size_t s = 0; s < report->start_count; s++) {
    flagged += report->starts[s].status == EMBLAS_OK && report->starts[s].flagged > 0;
    failed += report->starts[s].status != EMBLAS_OK;
  }
  if (report->start_count > 1 && flagged == report->start_count) {
    warnings_add(warnings, print_string("every start ended with an empty or collapsed component"));
  }
  if (failed > 0)
    warnings_add(warnings, print_string("%zu of %zu starts failed", failed, report->start_count));
  if (search->table.cancelled && search->table.count > 1) cancelled(warnings, &search->table);
  if (report->stop == EMBLAS_CANCELLED && report->moves > 0) {
    warnings_add(warnings, print_string("cancelled after %zu starts, in move %zu", report->start_count,
                                        report->moves));
  } else if (report->stop == EMBLAS_CANCELLED && search->starts > 1) {
    warnings_add(warnings, print_string("cancelled in start %zu", report->start_count));
  }
}

/* A result that a single one of many starts came to may not be the best there is. Starts that were tried on
   a sample of the rows do not tell, nor do any where moves led from one of them to the
   result. */
static void lone_start(struct warnings *warnings, const struct search *search) {
  enum { MANY = 5 };
  const struct emblas_report *report = &search->report;
  size_t found = 0;
  if (report->start_count < MANY || report->moves_kept > 0) return;
  if (emblas_model_components(search->model) == 1) return;
  for (size_t s = 0; s < report->start_count; s++) {
    const struct emblas_start_result *start = &report->starts[s];
    if (start->rows < report->starts[report->best_start].rows) return;
    double apart = fabs(start->loglik - report->loglik);
    /* two runs to the same optimum differ by some times the tolerance, which is 1e-7 unless it is set */
    found += start->status == EMBLAS_OK && apart <= 1e-5 + 1e-12 * fabs(report->loglik);
  }
  if (found == 1)
    warnings_add(
        warnings,
        print_string("1 of %zu starts came to this log-likelihood: more --starts may find a better one",
                     report->start_count));
}

/* The reason not to take a flagged model: the rows of its suspect, or else what the flag says. malloc'ed.
 */
static char *fault_of(const struct emblas_trial *trial, const struct io_table *table) {
  char *rows = component_rows(trial->suspect, &trial->suspect_rows, table);
  size_t i = 0;
  if (rows) return rows;
  while (i + 1 < FAULTS && !(trial->suspect_flags & faults[i].flag)) i++;
  return print_string("component %zu %s", trial->suspect, faults[i].one);
}

/* Flagged models that the criterion would have taken, and what is wrong with each. */
static void passed_over(struct warnings *warnings, const struct search *search,
                        const struct io_table *table) {
  enum emblas_criterion criterion = search->criterion;
  const struct emblas_trial *best = best_trial(search);
  for (size_t i = 0; i < search->table.count && !best->flagged; i++) {
    const struct emblas_trial *trial = &search->table.trials[i];
    if (trial->status != EMBLAS_OK || !trial->flagged) continue;
    if (!(trial->criteria[criterion] < best->criteria[criterion])) continue;
    char *fault = fault_of(trial, table);
    warnings_add(warnings, print_string("k %zu %s was passed over: %s", trial->components,
                                        components_name(trial->family, trial->covariance), fault));
    free(fault);
  }
}

/* What a criterion cannot know: that there are fewer numbers than parameters, and of how many observations
   a row speaks. Weights that count observations are 1 or more in the mean; below 1/2 they are something
   else. */
static void evidence(struct warnings *warnings, const struct search *search, const struct io_table *table) {
  enum { FEW = 5 }; /* numbers for each parameter */
  const struct emblas_report *report = &search->report;
  size_t rows = rows_that_count(table), numbers = rows * table->columns;
  if (report->parameters >= numbers) {
    warnings_add(warnings, print_string("%zu parameters for %zu numbers: too few data for such a model",
                                        report->parameters, numbers));
  } else if (report->parameters > numbers / FEW) {
    warnings_add(warnings, print_string("%zu parameters for %zu numbers: few data for such a model",
                                        report->parameters, numbers));
  }
  if (search->table.count > 1 && report->total_weight < 0.5 * (double)rows) {
    warnings_add(
        warnings,
        print_string("the weights of %zu rows sum to %.4g, which the criterion takes for the number of "
                     "observations: it hardly penalises parameters",
                     rows, report->total_weight));
  }
}

/* The best at an end of the range may not be the best there is. */
static void range(struct warnings *warnings, const struct search *search) {
  size_t best = best_trial(search)->components;
  size_t fewest = search->table.trials[0].components,
         most = search->table.trials[search->table.count - 1].components;
  if (fewest == most) return;
  if (best == most)
    warnings_add(warnings,
                 print_string("%zu components are the most that were tried: more may be better", best));
  if (best == fewest && best > 1)
    warnings_add(warnings,
                 print_string("%zu components are the fewest that were tried: fewer may be better", best));
}

void warnings_collect(struct warnings *warnings, const struct search *search, const struct io_table *table,
                      const struct emblas_options *options) {
  const struct emblas_report *report = &search->report;
  *warnings = (struct warnings){0, NULL};
  for (size_t i = 0; i < table->note_count; i++)
    warnings_add(warnings, print_string("%s", table->notes[i]));
  columns(warnings, report, table->names);
  collinear(warnings, search, table, options);
  for (size_t i = 0; i < FAULTS; i++) components(warnings, report, &faults[i]);
  places(warnings, report, table);
  warnings_of_rows(warnings, search, table);
  starts(warnings, search);
  evidence(warnings, search, table);
  range(warnings, search);
  passed_over(warnings, search, table);
  lone_start(warnings, search);
  if (report->stop == EMBLAS_ITERATION_LIMIT) {
    warnings_add(warnings, print_string("stopped by the limit of %zu iterations before it converged",
                                        options->max_iterations));
  }
}

void warnings_free(struct warnings *warnings) {
  for (size_t i = 0; i < warnings->count; i++) free(warnings->texts[i]);
  free(warnings->texts);
}

/* SPDX-License-Identifier: MIT */
/* Which of several models: a fit of each number of components under each covariance model, and the best by
   a criterion. All of them run with a tenth of the starts first, and with all starts where they then are
   within reach of the best. Where rows are few, whole fits are shared out to threads; else the rows of one
   fit are. */
#include "report.h"

#include "../base/arena.h"
#include "../base/parallel.h"
#include "../rows/read.h"
#include "../walk/group.h"
#include "../base/sized.h"
#include "../families/family.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

/* Values of the data up to which fits are shared out: a fit walks over fewer too quickly for a second
   thread, or not much more slowly than two threads do. */
enum { SHARED_VALUES = 1 << 18 };

/* A criterion that is so far above the best is out of reach, for each component and besides, of up to so
   many rows; of more rows in proportion. Differences of 10 are called very strong evidence (Kass & Raftery
   1995); what a tenth of the starts misses is less than that in all but few components. */
static const double REACH = 10, REACH_A_COMPONENT = 5, REACH_ROWS = 300;

/* The part of the starts that decides what is within reach; with fewer starts than that there is one round.
   So there is in many columns, where one start in twenty may find the optimum of few components. */
enum { FIRST_ROUND = 10, FEW_COLUMNS = 8 };

/* What one thread has kept so far: a model, or until there is one the failure of the first pair. */
struct kept {
  size_t index;
  emblas_status status;
  struct emblas_trial trial;
  struct emblas_model *model;
  struct emblas_report report;
};

struct selecting {
  const struct emblas_data *data;
  const struct emblas_options *options;
  enum emblas_criterion criterion;
  struct emblas_selection *selection;
  size_t threads;     /* that fits are shared out to; 1: they run one after the other */
  size_t *order;      /* the pairs of this round, .. */
  size_t round;       /* .. how many they are, .. */
  size_t starts;      /* .. and how many starts each has */
  size_t planned;     /* pairs of all rounds so far */
  struct kept *kept;  /* one a thread */
  atomic_size_t done; /* pairs */
  atomic_int over;    /* no further pair is to begin, and those that run are to end */
};

void emblas_candidates_init(struct emblas_candidates *candidates, size_t size) {
  struct emblas_candidates defaults = {
      .size = size, .least_components = 1, .most_components = 9, .criterion = EMBLAS_BIC};
  sized_init(candidates, size, &defaults, sizeof defaults);
}

void emblas_selection_init(struct emblas_selection *selection, size_t size) {
  struct emblas_selection defaults = {.size = size};
  sized_init(selection, size, &defaults, sizeof defaults);
}

void emblas_selection_clear(struct emblas_selection *selection) {
  if (selection == NULL || selection->size != sizeof *selection) return;
  if (selection->trials != NULL)
    selection->allocator.release(selection->allocator.context, selection->trials);
  emblas_selection_init(selection, selection->size);
}

/* ------------------------------------------------------------------ one pair */

/* The component that speaks most against a model: the one of fewest rows among those with a flag. */
static void find_suspect(struct emblas_trial *trial, const struct emblas_report *report) {
  for (size_t c = 0; c < report->components; c++) {
    if (report->component_flags[c] == 0) continue;
    if (trial->flagged++ > 0 && report->component_rows[c].rows >= trial->suspect_rows.rows) continue;
    trial->suspect = c;
    trial->suspect_flags = report->component_flags[c];
    trial->suspect_rows = report->component_rows[c];
  }
}

static void describe(struct emblas_trial *trial, const struct emblas_report *report) {
  trial->stop = report->stop;
  trial->loglik = report->loglik;
  trial->parameters = report->parameters;
  trial->criteria[EMBLAS_BIC] = report->bic;
  trial->criteria[EMBLAS_AIC] = report->aic;
  trial->criteria[EMBLAS_ICL] = report->icl;
  find_suspect(trial, report);
}

/* A collapsed component makes the likelihood as large as the floor allows, so a model without flags is
   better than any with; among equals the criterion decides, and then the place in the list, whichever was
   done first. Of one pair the later round is better, unless it has missed what the first one found. */
static int better(const struct selecting *s, const struct kept *a, const struct kept *b) {
  const struct emblas_trial *first = &a->trial, *second = &b->trial;
  if ((first->flagged > 0) != (second->flagged > 0)) return first->flagged == 0;
  double here = first->criteria[s->criterion], there = second->criteria[s->criterion];
  if (a->index == b->index) return here <= there + 4 * s->options->tolerance;
  return here < there || (here == there && a->index < b->index);
}

/* Is the failure one of this pair alone? Others may still be fitted. */
static int of_this_pair(const struct selecting *s, emblas_status status) {
  return status == EMBLAS_ERROR_NUMERICAL || status == EMBLAS_ERROR_TOO_FEW_ROWS ||
         (status == EMBLAS_ERROR_RANGE && s->options->model == NULL);
}

/* Does what came of a pair take the place of what was kept? */
static int takes_over(const struct selecting *s, const struct kept *now, const struct kept *before) {
  if (before->index == EMBLAS_NOWHERE) return 1;
  int fatal = now->status != EMBLAS_OK && !of_this_pair(s, now->status);
  int was_fatal = before->status != EMBLAS_OK && !of_this_pair(s, before->status);
  if (fatal != was_fatal) return fatal;
  if ((now->model != NULL) != (before->model != NULL)) return now->model != NULL;
  return now->model != NULL ? better(s, now, before) : now->index < before->index;
}

/* The better of the two stays in `kept`, the other is freed. */
static void keep(const struct selecting *s, struct kept *kept, struct kept *other) {
  if (takes_over(s, other, kept)) {
    struct kept swap = *kept;
    *kept = *other;
    *other = swap;
  }
  emblas_model_free(other->model);
  emblas_report_clear(&other->report);
}

/* The hook of one fit. The caller's own hook is called from the caller's own thread alone. */
struct watch {
  struct selecting *selecting;
  size_t thread;
};

static int watch_fit(void *context, const struct emblas_progress *now) {
  const struct watch *watch = context;
  struct selecting *s = watch->selecting;
  struct emblas_progress progress = *now;
  progress.trial = atomic_load(&s->done);
  progress.trials = s->planned;
  if (watch->thread == 0 && s->options->progress != NULL &&
      s->options->progress(s->options->progress_context, &progress) != 0)
    atomic_store(&s->over, 1);
  return atomic_load(&s->over);
}

/* What the table says of a pair: of two rounds the better one, and the starts of the last. */
static void record(const struct selecting *s, struct emblas_trial *trial, const struct kept *now) {
  struct kept before = {.index = now->index, .trial = *trial};
  if (!trial->tried || trial->status != EMBLAS_OK || (now->status == EMBLAS_OK && better(s, now, &before)))
    *trial = now->trial;
  trial->starts = now->trial.starts;
}

static void fit_pair(void *context, size_t thread, size_t task) {
  struct selecting *s = context;
  if (atomic_load(&s->over)) return;
  /* The largest first, where threads are to be done at about the same time. */
  size_t index = s->order[s->threads > 1 ? s->round - 1 - task : task];
  struct emblas_trial *trial = &s->selection->trials[index];
  struct emblas_options options = *s->options;
  struct watch watch = {s, thread};
  struct kept now = {.index = index, .trial = *trial};
  now.trial.flagged = 0;
  options.components = trial->components;
  options.covariance = trial->covariance;
  options.progress = watch_fit;
  options.progress_context = &watch;
  options.starts = now.trial.starts = s->starts;
  if (s->threads > 1) options.threads = 1;
  emblas_report_init(&now.report, sizeof now.report);
  now.status = now.trial.status = emblas_fit(s->data, &options, &now.model, &now.report);
  if (now.status == EMBLAS_OK) describe(&now.trial, &now.report);
  now.trial.tried = 1;
  record(s, trial, &now);
  if (now.status != EMBLAS_OK && !of_this_pair(s, now.status)) atomic_store(&s->over, 1);
  atomic_fetch_add(&s->done, 1);
  keep(s, &s->kept[thread], &now);
}

/* ------------------------------------------------------------------ all pairs */

/* In one dimension several covariance models are one by another name: the first of each kind is fitted. */
static int repeats(const enum emblas_covariance *covariances, size_t index, size_t dim) {
  const char *name = emblas_covariance_mclust(covariances[index], dim);
  for (size_t i = 0; i < index; i++)
    if (strcmp(emblas_covariance_mclust(covariances[i], dim), name) == 0) return 1;
  return 0;
}

static const char *wrong_candidates(const struct emblas_candidates *c, enum emblas_family family) {
  if (c->size != sizeof *c) return "candidates.size";
  if (c->least_components == 0) return "candidates.least_components";
  if (c->most_components < c->least_components || c->most_components == SIZE_MAX)
    return "candidates.most_components";
  if ((unsigned)c->criterion >= EMBLAS_CRITERION_COUNT) return "candidates.criterion";
  if (c->covariances == NULL || !emblas_family_has_covariances(family)) return NULL;
  if (c->covariance_count == 0) return "candidates.covariance_count";
  for (size_t i = 0; i < c->covariance_count; i++)
    if (emblas_covariance_string(c->covariances[i]) == NULL) return "candidates.covariances";
  return NULL;
}

/* The list of pairs, by size and within a size by covariance model. */
static emblas_status list(const struct emblas_candidates *candidates, enum emblas_family family, size_t dim,
                          struct emblas_allocator allocator, struct emblas_selection *selection) {
  enum emblas_covariance all[EMBLAS_COVARIANCE_COUNT];
  for (int i = 0; i < EMBLAS_COVARIANCE_COUNT; i++) all[i] = (enum emblas_covariance)i;
  const enum emblas_covariance *covariances = all;
  size_t kinds = emblas_family_has_covariances(family) ? EMBLAS_COVARIANCE_COUNT : 1, bytes;
  if (kinds > 1 && candidates->covariances != NULL)
    covariances = candidates->covariances, kinds = candidates->covariance_count;
  size_t sizes = candidates->most_components - candidates->least_components + 1;
  if (emblas_size_multiply(sizes, kinds, &bytes) ||
      emblas_size_multiply(bytes, sizeof *selection->trials, &bytes))
    return EMBLAS_ERROR_SIZE;
  selection->allocator = allocator;
  selection->trials = allocator.allocate(allocator.context, bytes);
  if (selection->trials == NULL) return EMBLAS_ERROR_MEMORY;
  for (size_t k = candidates->least_components; k <= candidates->most_components; k++)
    for (size_t i = 0; i < kinds; i++)
      if (!repeats(covariances, i, dim))
        selection->trials[selection->count++] = (struct emblas_trial){
            .components = k, .family = family, .covariance = covariances[i], .loglik = NAN};
  return EMBLAS_OK;
}

/* Runs the pairs of one round. What is kept in the end is in kept[0]. */
static void run_round(struct selecting *s, size_t starts) {
  s->starts = starts;
  s->planned += s->round;
  if (s->threads > 1)
    emblas_parallel_run(s->threads, s->round, fit_pair, s);
  else
    for (size_t i = 0; i < s->round; i++) fit_pair(s, 0, i);
  for (size_t t = 1; t < s->threads; t++) {
    if (s->kept[t].index != EMBLAS_NOWHERE) keep(s, &s->kept[0], &s->kept[t]);
    s->kept[t] = (struct kept){.index = EMBLAS_NOWHERE};
    emblas_report_init(&s->kept[t].report, sizeof s->kept[t].report);
  }
}

/* The pairs that all starts may bring to the best or beyond. */
static void choose_reachable(struct selecting *s) {
  const struct kept *best = &s->kept[0];
  double rows = fmax((double)rows_of_all(s->data) / REACH_ROWS, 1);
  s->round = 0;
  for (size_t i = 0; i < s->selection->count; i++) {
    const struct emblas_trial *trial = &s->selection->trials[i];
    double reach = rows * (REACH + REACH_A_COMPONENT * (double)trial->components);
    double above = trial->criteria[s->criterion] - best->trial.criteria[s->criterion];
    if (best->model == NULL || trial->status != EMBLAS_OK || above <= reach) s->order[s->round++] = i;
  }
}

static void run(struct selecting *s) {
  size_t starts = s->options->starts, first = starts / FIRST_ROUND;
  int random = s->options->start == EMBLAS_START_KMEANSPP || s->options->start == EMBLAS_START_RANDOM;
  s->round = s->selection->count;
  for (size_t i = 0; i < s->round; i++) s->order[i] = i;
  for (size_t t = 0; t < s->threads; t++) {
    s->kept[t] = (struct kept){.index = EMBLAS_NOWHERE};
    emblas_report_init(&s->kept[t].report, sizeof s->kept[t].report);
  }
  if (first > 0 && random && s->round > 1 && s->data->columns <= FEW_COLUMNS) {
    run_round(s, first);
    if (atomic_load(&s->over)) return;
    choose_reachable(s);
  }
  run_round(s, starts);
}

static emblas_status conclude(struct selecting *s, struct emblas_model **model,
                              struct emblas_report *report) {
  struct kept *kept = &s->kept[0];
  struct emblas_selection *selection = s->selection;
  for (size_t i = 0; i < selection->count; i++) {
    selection->tried += selection->trials[i].tried != 0;
    selection->cancelled |= !selection->trials[i].tried || selection->trials[i].stop == EMBLAS_CANCELLED;
  }
  selection->cancelled |= atomic_load(&s->over) != 0;
  if (kept->model != NULL) {
    selection->best = kept->index;
    *model = kept->model;
  }
  if (report != NULL)
    *report = kept->report;
  else
    emblas_report_clear(&kept->report);
  return kept->status;
}

static size_t threads_for(const struct emblas_data *data, const struct emblas_options *options,
                          const struct emblas_selection *selection) {
  size_t threads = emblas_parallel_limit(options->threads), values;
  if (rows_come_in_pieces(data) || emblas_size_multiply(data->rows, data->columns, &values) ||
      values > SHARED_VALUES)
    return 1;
  return threads < selection->count ? threads : selection->count;
}

/* What is wrong before any fit is tried, which look at the other options. */
static const char *find_fault(const struct emblas_data *data, const struct emblas_options *options,
                              const struct emblas_candidates *candidates, struct emblas_model **model,
                              const struct emblas_selection *selection) {
  const char *fault = emblas_view_fault(data);
  if (fault != NULL) return fault;
  if (options->size != sizeof *options) return "options.size";
  if (!emblas_allocator_valid(options->allocator)) return "options.allocator";
  if (model == NULL) return "model";
  if (selection == NULL) return "selection";
  return selection->size == sizeof *selection ? wrong_candidates(candidates, options->family)
                                              : "selection.size";
}

emblas_status emblas_select(const struct emblas_data *data, const struct emblas_options *options,
                            const struct emblas_candidates *candidates, struct emblas_model **model,
                            struct emblas_report *report, struct emblas_selection *selection) {
  struct emblas_options default_options;
  struct emblas_candidates default_candidates;
  emblas_status status = emblas_report_accept(report);
  emblas_options_init(&default_options, sizeof default_options);
  emblas_candidates_init(&default_candidates, sizeof default_candidates);
  if (options == NULL) options = &default_options;
  if (candidates == NULL) candidates = &default_candidates;
  if (status != EMBLAS_OK) return status;
  const char *fault = find_fault(data, options, candidates, model, selection);
  if (fault != NULL) return emblas_report_argument(report, fault);

  struct emblas_allocator allocator = emblas_allocator_or_default(options->allocator);
  struct group group = {.processes = &data->processes};
  emblas_selection_clear(selection);
  status =
      emblas_group_agree(&group, list(candidates, options->family, data->columns, allocator, selection));
  if (status == EMBLAS_OK) {
    struct selecting s = {.data = data,
                          .options = options,
                          .criterion = candidates->criterion,
                          .selection = selection,
                          .threads = threads_for(data, options, selection)};
    s.kept = allocator.allocate(allocator.context, s.threads * sizeof *s.kept);
    s.order = allocator.allocate(allocator.context, selection->count * sizeof *s.order);
    status = s.kept != NULL && s.order != NULL ? EMBLAS_OK : EMBLAS_ERROR_MEMORY;
    status = emblas_group_agree(&group, status);
    if (status == EMBLAS_OK) {
      run(&s);
      status = conclude(&s, model, report);
    }
    if (s.kept != NULL) allocator.release(allocator.context, s.kept);
    if (s.order != NULL) allocator.release(allocator.context, s.order);
  }
  if (status != EMBLAS_OK && !(selection->tried > 0)) emblas_selection_clear(selection);
  return status;
}

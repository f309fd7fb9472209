/* SPDX-License-Identifier: MIT */
#include "search.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* ------------------------------------------------------------------ the budget */

enum {
  MOST_MOVES = 16,     /* times the starts */
  FEW_COMPONENTS = 4,  /* fewer take as many moves in vain, .. */
  MANY_COMPONENTS = 8, /* .. and so do more, as k = 4 and 8 */
  SOUND_STARTS = 3,    /* times as many starts, at most, until one is sound, .. */
  MORE_STARTS = 8,     /* .. or while a single run has come to the best, .. */
  MAPS_A_START = 200   /* .. and no more maps, unless cheap, than so many for each that was asked for */
};

/* Rows times components times features of the maps of about a second on one processor. */
static const double SECOND = 1e10;

static size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

/* Maps and moves cost little. */
static int few_rows(const struct search *search) {
  return search->fitter->pass.kept != NULL;
}

/* Half of the starts begin from scratch, and moves take the place of the others. They go on until 8 k of
   them (of 20 starts) in succession were in vain, or 11 k where rows are few and moves cost little: few
   components have few places to go to. */
void emblas_search_plan(struct search *search) {
  const struct emblas_options *o = &search->fitter->options;
  int several = emblas_options_starts(o) > 1 && o->starts <= SIZE_MAX / MAPS_A_START;
  search->starts = emblas_options_starts(o);
  search->sound_starts = search->most_starts = search->starts;
  if (!several) return;
  search->starts = (o->starts + 1) / 2;
  search->sound_starts = SOUND_STARTS * o->starts;
  search->most_starts = MORE_STARTS * o->starts;
  size_t size = o->components < FEW_COMPONENTS ? FEW_COMPONENTS : least(o->components, MANY_COMPONENTS);
  search->patience = o->starts * size * (few_rows(search) ? 11 : 8) / 20;
  search->moves = least(search->patience, MOST_MOVES * o->starts);
}

/* ------------------------------------------------------------------ the best */

/* What tells nothing: starts that climb the same hill stop within the tolerance of its top, and of each
   other. */
static double same_optimum(const struct emblas_options *o, double loglik) {
  return o->tolerance + 64 * DBL_EPSILON * fabs(loglik);
}

/* Sound models are better than such as have merely too few rows to a component, and these than the floor's
   spikes, whose likelihood says nothing. */
enum { SOUND, FEW_ROWS, AT_FLOOR };
static int grade(const struct kept_start *kept) {
  return kept->worst == 0 ? SOUND : kept->worst == EMBLAS_COMPONENT_SPURIOUS ? FEW_ROWS : AT_FLOOR;
}

/* Among models of a grade the log-likelihood decides, and of equals the first stays, whatever their
 * roundings. */
static int better(const struct emblas_options *o, const struct kept_start *a, const struct kept_start *b) {
  if (grade(a) != grade(b)) return grade(a) < grade(b);
  return a->result.loglik > b->result.loglik + same_optimum(o, b->result.loglik);
}

static struct kept_start describe(struct search *search, size_t number,
                                  struct emblas_start_result *result) {
  size_t k = search->fitter->options.components;
  unsigned *flags = search->fitter->run_flags;
  struct kept_start kept = {.em = search->fitter->em, .number = number, .suspect = k};
  result->flagged = (unsigned)emblas_fitter_flags(search->fitter, flags);
  for (size_t c = k; c-- > 0;) {
    kept.worst |= flags[c];
    if (flags[c] != 0) kept.suspect = c;
  }
  kept.result = *result;
  return kept;
}

/* The run of the fitter joins those that are kept, in their order; the fitter lets go of it. */
static void keep(struct search *search, const struct kept_start *run) {
  const struct emblas_options *o = &search->fitter->options;
  size_t place = 0;
  for (; place < search->kept_count && !better(o, run, &search->kept[place]); place++)
    if (!better(o, &search->kept[place], run)) { /* the same optimum */
      search->kept[place].met++;
      return;
    }
  if (place == search->most_kept) return;
  if (search->kept_count == search->most_kept) emblas_em_free(search->kept[--search->kept_count].em);
  memmove(&search->kept[place + 1], &search->kept[place],
          (search->kept_count - place) * sizeof *search->kept);
  search->kept[place] = *run;
  search->kept_count++;
  search->fitter->em = NULL;
}

void emblas_search_clear(struct search *search) {
  while (search->kept_count > 0) emblas_em_free(search->kept[--search->kept_count].em);
}

/* ------------------------------------------------------------------ runs */

void emblas_search_progress(struct search *search, const struct emblas_em_point *point) {
  const struct emblas_options *o = &search->fitter->options;
  struct group *group = &search->fitter->group;
  double cancels = 0;
  const double *all = &cancels;
  if (o->progress == NULL && !group_is_shared(group)) return;
  size_t planned = search->starts + search->moves;
  struct emblas_progress progress = {.start = search->runs - 1,
                                     .starts = search->runs > planned ? search->runs : planned,
                                     .point = *point,
                                     .components = o->components,
                                     .family = o->family,
                                     .covariance = o->covariance,
                                     .trials = 1,
                                     .sample = search->sample,
                                     .best_loglik = search->kept_count > 0 ? search->kept[0].result.loglik
                                                                           : -INFINITY};
  if (o->progress != NULL) cancels = o->progress(o->progress_context, &progress) != 0;
  if (search->deaf) return;
  /* In all processes, or in none. */
  size_t processes = group_is_shared(group) ? group->processes->count : 1;
  if (group_is_shared(group) && (emblas_group_agree(group, EMBLAS_OK) != EMBLAS_OK ||
                                 emblas_group_gather(group, &cancels, 1, &all) != EMBLAS_OK))
    return; /* the next walk will say so */
  for (size_t i = 0; i < processes; i++) search->cancelled |= all[i] != 0;
}

/* When a run is looked at, and what is asked of it then. EM's gains shrink by a constant factor in the end,
   so that what is left to gain is a few times what came last. */
struct patience {
  size_t first, window; /* iterations from its begin; over so many of them its gain is taken */
  double hope;          /* it may gain so many times that .. */
  double worth;         /* .. and has to become better than the worst that is kept by so many nats */
};
static const struct patience with_start = {6, 3, 2, 0}, with_move = {3, 2, 12, 0.01};
/* Where maps cost little the first iterations are plain, and a hundredth of a nat is worth a move. */
static const struct patience with_cheap_start = {4, 3, 2, 0}, with_cheap_move = {3, 2, 12, 0.003};

static unsigned count_flags(const struct emblas_fitter *fitter) {
  unsigned count = 0;
  for (size_t c = 0; c < fitter->options.components; c++) count += fitter->flags[c] != 0;
  return count;
}

/* Some runs creep along the floor for thousands of iterations. So many are enough where there is one that
   keeps clear of it. */
enum { CREEPING = 200 };

/* Has the run no hope to join those that are kept? One with a component at the floor has none beside sound
 * ones. */
static int hopeless(const struct search *search, const struct patience *patience) {
  size_t length, end;
  const struct emblas_em_point *trace = emblas_em_trace(search->fitter->em, &length);
  int flagged = count_flags(search->fitter) > 0;
  if (length > CREEPING && flagged && search->kept_count > 0 && grade(&search->kept[0]) < AT_FLOOR)
    return 1;
  if (search->kept_count < search->most_kept) return 0;
  const struct kept_start *worst = &search->kept[search->kept_count - 1];
  if (length <= patience->first) return 0;
  if (flagged != (grade(worst) > 0)) return flagged;
  const struct emblas_em_point *other = emblas_em_trace(worst->em, &end);
  double here = trace[length - 1].loglik, gain = here - trace[length - 1 - patience->window].loglik;
  return other[end - 1].loglik + patience->worth - here > patience->hope * gain;
}

static emblas_status run(struct search *search, size_t number, const struct patience *patience,
                         struct emblas_start_result *result) {
  struct emblas_fitter *fitter = search->fitter;
  struct emblas_em_point point;
  enum emblas_stop_reason reason = EMBLAS_RUNNING;
  int given_up = 0;
  search->runs++;
  *result = (struct emblas_start_result){.loglik = NAN, .rows = rows_of_all(&fitter->data)};
  while (reason == EMBLAS_RUNNING && !given_up) {
    result->status = emblas_fitter_step(fitter, &point, &reason);
    if (result->status != EMBLAS_OK) break;
    result->iterations = point.iteration;
    result->loglik = point.loglik;
    emblas_search_progress(search, &point);
    if (search->cancelled && reason == EMBLAS_RUNNING) reason = EMBLAS_CANCELLED;
    given_up = reason == EMBLAS_RUNNING && hopeless(search, patience);
  }
  result->stop = reason;
  result->flagged = count_flags(fitter);
  if (result->status == EMBLAS_OK && !given_up) {
    struct kept_start ended = describe(search, number, result);
    keep(search, &ended);
  }
  return result->status == EMBLAS_ERROR_NUMERICAL ? EMBLAS_OK : result->status;
}

emblas_status emblas_search_run(struct search *search, size_t number) {
  struct emblas_start_result result;
  emblas_status status = run(search, number, few_rows(search) ? &with_cheap_start : &with_start, &result);
  if (search->results != NULL) search->results[number] = result;
  return status;
}

static emblas_status run_starts(struct search *search, size_t end) {
  for (; search->finished < end && !search->cancelled; search->finished++) {
    emblas_status status = emblas_fitter_start(search->fitter, search->finished);
    if (status == EMBLAS_OK) status = emblas_search_run(search, search->finished);
    if (status != EMBLAS_OK) return status;
  }
  return EMBLAS_OK;
}

/* A move from the best. */
static emblas_status run_move(struct search *search) {
  struct kept_start *best = &search->kept[0];
  const struct emblas_em *before = best->em;
  struct emblas_start_result result;
  emblas_status status = emblas_fitter_move(search->fitter, search->moved++);
  if (status == EMBLAS_OK)
    status = run(search, best->number, few_rows(search) ? &with_cheap_move : &with_move, &result);
  if (status != EMBLAS_OK || best->em == before) return status;
  search->moves_kept++;
  search->moves = least(search->moved + search->patience, MOST_MOVES * search->fitter->options.starts);
  emblas_fitter_aim(search->fitter, best->em, best->suspect);
  return EMBLAS_OK;
}

/* Maps that take less than about a second in all may be as many as moves and starts ask for. */
static int maps_left(const struct search *search) {
  const struct emblas_fitter *fitter = search->fitter;
  const struct components *m = &fitter->pass.components;
  double map = (double)fitter->rows * (double)m->k * (double)m->statistics;
  return fitter->maps / MAPS_A_START < fitter->options.starts || (double)fitter->maps * map < SECOND;
}

/* Where more than half of the components have a flag, and more than three, the data have no sound model of
   so many components, and no start will find one. */
static int may_become_sound(const struct search *search, const struct kept_start *best) {
  size_t k = search->fitter->options.components,
         most = k / 2 < FEW_COMPONENTS - 1 ? FEW_COMPONENTS - 1 : k / 2;
  return best->result.flagged <= most;
}

/* How many starts are worth their while, given the best so far. With hundreds of parameters one start in
   twenty may find the optimum of few components, and moves help these little. */
static size_t starts_wanted(const struct search *search) {
  const struct kept_start *best = &search->kept[0];
  if (search->kept_count == 0) return search->sound_starts;
  if (grade(best) > 0) return may_become_sound(search, best) ? search->sound_starts : search->starts;
  int doubtful = search->fitter->options.components < FEW_COMPONENTS && best->met == 0;
  return doubtful ? search->most_starts : search->starts;
}

static int more_starts(const struct search *search) {
  return search->finished < starts_wanted(search) && !search->cancelled && maps_left(search);
}

static emblas_status run_moves(struct search *search) {
  emblas_status status = EMBLAS_OK;
  if (search->moves == 0 || search->kept_count == 0) return EMBLAS_OK;
  if (!may_become_sound(search, &search->kept[0])) return EMBLAS_OK; /* moves would only feed the spikes */
  emblas_fitter_aim(search->fitter, search->kept[0].em, search->kept[0].suspect);
  while (status == EMBLAS_OK && search->moved < search->moves && !search->cancelled && maps_left(search))
    status = run_move(search);
  return status;
}

emblas_status emblas_search_run_all(struct search *search) {
  emblas_status status = run_starts(search, search->starts);
  if (status == EMBLAS_OK) status = run_moves(search);
  while (status == EMBLAS_OK && more_starts(search)) status = run_starts(search, search->finished + 1);
  if (status != EMBLAS_OK) return status;
  return search->kept_count > 0 ? EMBLAS_OK : EMBLAS_ERROR_NUMERICAL;
}

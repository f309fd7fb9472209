/* SPDX-License-Identifier: MIT */
#include "scout.h"

#include "../base/random.h"

#include <string.h>

enum {
  WORTH = 4, /* times fewer rows than there are */
  SCOUT_MAPS = 100
};

/* Of each start on the sample. */
static size_t scout_maps(const struct emblas_fitter *fitter) {
  size_t most = fitter->options.max_iterations;
  return most > 2 * SCOUT_MAPS ? SCOUT_MAPS : most / 2;
}

/* Rows that are walked over as they come have no other start but a given one. */
int emblas_scout_pays(const struct search *search) {
  const struct emblas_fitter *fitter = search->fitter;
  const struct emblas_options *o = &fitter->options;
  if (fitter->pass.streams) return o->start == EMBLAS_START_KMEANSPP || o->start == EMBLAS_START_RANDOM;
  return search->starts > 1 && o->max_iterations > 2 * SCOUT_MAPS &&
         fitter->compression.kind == COMPRESSION_NONE &&
         fitter->data.rows / WORTH >= emblas_fitter_sample_rows(fitter);
}

/* Every row with the same probability, in their order (Knuth's algorithm S). */
static emblas_status draw_sample(const struct emblas_fitter *fitter, struct arena *arena,
                                 struct emblas_data *sample) {
  const struct emblas_data *data = &fitter->data;
  size_t d = data->columns, wanted = emblas_fitter_sample_rows(fitter), taken = 0;
  double *values = emblas_arena_doubles(arena, wanted, d), *weights = NULL;
  if (data->weights != NULL) weights = emblas_arena_doubles(arena, wanted, 1);
  if (arena->status != EMBLAS_OK) return arena->status;
  struct random random;
  emblas_random_seed(&random, fitter->options.seed, UINT64_MAX);
  for (size_t i = 0; taken < wanted; i++) {
    double left = (double)(data->rows - i), missing = (double)(wanted - taken);
    if (left * emblas_random_uniform(&random) >= missing) continue;
    memcpy(values + taken * d, view_row(data, i), d * sizeof *values);
    if (weights != NULL) weights[taken] = data->weights[i];
    taken++;
  }
  emblas_data_init(sample, sizeof *sample);
  sample->values = values, sample->weights = weights;
  sample->rows = wanted, sample->columns = d;
  return EMBLAS_OK;
}

/* The search's starts on the sample; what is kept there are the candidates. */
static emblas_status try_starts(const struct search *search, const struct emblas_data *sample,
                                struct search *trial) {
  struct emblas_options options = search->fitter->options;
  options.compress = EMBLAS_COMPRESS_NONE;
  options.order = EMBLAS_ORDER_NONE;
  options.tolerance = search->fitter->tolerance;
  options.max_iterations = scout_maps(search->fitter);
  *trial = (struct search){.results = search->results,
                           .most_kept = MOST_KEPT,
                           .sample = sample->rows,
                           .deaf = group_is_shared(&search->fitter->group)};
  emblas_status status = emblas_fitter_create(sample, &options, &trial->fitter, NULL);
  if (status != EMBLAS_OK) return status;
  emblas_search_plan(trial);
  return emblas_search_run_all(trial);
}

/* A candidate, found in the frame of the sample, begins again in that of all rows. */
static emblas_status run_candidate(struct search *search, struct search *trial, size_t candidate) {
  struct emblas_model *model = NULL;
  struct kept_start *kept = &trial->kept[candidate];
  emblas_em_free(trial->fitter->em);
  trial->fitter->em = kept->em;
  kept->em = NULL;
  emblas_status status = emblas_fitter_finish(trial->fitter, &model, NULL);
  if (status == EMBLAS_OK)
    status = emblas_fitter_start_at(search->fitter, model,
                                    search->fitter->options.max_iterations - scout_maps(search->fitter));
  if (status == EMBLAS_OK) status = emblas_search_run(search, kept->number);
  emblas_model_free(model);
  return status;
}

static emblas_status run_candidates(struct search *search, struct search *trial) {
  emblas_status status = EMBLAS_OK;
  search->finished = trial->finished;
  search->moved = trial->moved;
  search->runs = trial->runs;
  search->moves_kept = trial->moves_kept;
  search->cancelled = trial->cancelled;
  for (size_t i = 0; i < trial->kept_count && status == EMBLAS_OK && (i == 0 || !search->cancelled); i++)
    status = run_candidate(search, trial, i);
  search->fitter->maps += trial->fitter->maps;
  if (status == EMBLAS_OK && search->kept_count == 0) status = EMBLAS_ERROR_NUMERICAL;
  return status;
}

emblas_status emblas_scout(struct search *search) {
  struct arena arena;
  struct emblas_data sample;
  struct search trial = {0};
  emblas_status status = EMBLAS_OK;
  int streams = search->fitter->pass.streams;
  emblas_arena_init(&arena, search->fitter->options.allocator);
  if (streams)
    sample = search->fitter->sample;
  else
    status = draw_sample(search->fitter, &arena, &sample);
  if (status == EMBLAS_OK) {
    emblas_status tried = try_starts(search, &sample, &trial);
    int fatal = tried == EMBLAS_ERROR_MEMORY || tried == EMBLAS_ERROR_SIZE;
    status = tried == EMBLAS_OK ? run_candidates(search, &trial)
             : fatal || streams ? tried
                                : emblas_search_run_all(search);
  }
  emblas_search_clear(&trial);
  emblas_fitter_free(trial.fitter);
  emblas_arena_free(&arena);
  return status;
}

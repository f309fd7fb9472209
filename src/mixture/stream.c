/* SPDX-License-Identifier: MIT */
#include "stream.h"

#include "../base/random.h"
#include "../base/sum.h"

#include <math.h>
#include <string.h>

/* ------------------------------------------------------------------ ranges and weights */

/* What one thread has seen. */
struct seen {
  double *room;
  struct view_summary block, all;
};

struct summing {
  const struct emblas_data *data;
  const struct family *family;
  unsigned short *counts; /* one a leaf of this process, or NULL: rows of positive weight */
  struct seen *seen;      /* one a thread */
  struct walk walk;
};

static void allocate_seen(struct seen *seen, struct arena *arena, const struct emblas_data *data) {
  size_t d = data->columns;
  seen->room = emblas_rows_room(arena, data, WALK_BLOCK);
  seen->block.low = emblas_arena_doubles(arena, d, 1);
  seen->block.high = emblas_arena_doubles(arena, d, 1);
  seen->all.low = emblas_arena_doubles(arena, d, 1);
  seen->all.high = emblas_arena_doubles(arena, d, 1);
  seen->all.rows = 0;
  seen->all.largest_weight = 0;
}

static void widen(size_t d, struct view_summary *all, const struct view_summary *more) {
  if (more->rows == 0) return;
  for (size_t j = 0; j < d; j++) {
    if (all->rows == 0 || more->low[j] < all->low[j]) all->low[j] = more->low[j];
    if (all->rows == 0 || more->high[j] > all->high[j]) all->high[j] = more->high[j];
  }
  all->rows += more->rows;
  all->largest_weight = fmax(all->largest_weight, more->largest_weight);
}

/* The sums: total weight, in two numbers, and rows of positive weight. */
enum { SUMS = 3 };

static void summarise_block(void *context, size_t worker, size_t first, size_t count, double *sums) {
  const struct summing *s = context;
  struct seen *seen = &s->seen[worker];
  struct emblas_data rows;
  size_t row = 0, column;
  emblas_status status = emblas_rows_read(s->data, first, count, seen->room, &rows);
  if (status == EMBLAS_OK) status = emblas_view_look(&rows, &seen->block, &row, &column);
  if (status == EMBLAS_OK) status = emblas_family_check(s->family, &rows, &row, &column);
  if (status != EMBLAS_OK) {
    emblas_walk_fail((struct walk *)&s->walk, worker, status, first + row);
    return;
  }
  widen(s->data->columns, &seen->all, &seen->block);
  sum_add(sums, seen->block.total_weight);
  sums[2] += (double)seen->block.rows;
  if (s->counts != NULL) s->counts[first / WALK_LEAF] += (unsigned short)seen->block.rows;
}

/* The ranges of all threads and processes. -0 is 0, wherever it comes from. */
static emblas_status gather_ranges(const struct summing *s, struct group *group, struct arena *arena,
                                   struct view_summary *summary) {
  size_t d = s->data->columns, processes = group_is_shared(group) ? group->processes->count : 1;
  double *own = emblas_arena_doubles(arena, stream_says(d), 1);
  const double *all;
  emblas_status status = emblas_group_agree(group, arena->status);
  if (status != EMBLAS_OK) return status;
  struct view_summary here = {.low = own, .high = own + d}, there;
  for (size_t j = 0; j < 2 * d; j++) own[j] = 0;
  for (size_t t = 0; t < s->walk.threads; t++) widen(d, &here, &s->seen[t].all);
  for (size_t j = 0; j < 2 * d; j++) own[j] += 0.0;
  own[2 * d] = here.largest_weight;
  own[2 * d + 1] = here.rows > 0;
  status = emblas_group_gather(group, own, stream_says(d), &all);
  if (status != EMBLAS_OK) return status;
  summary->rows = 0;
  summary->largest_weight = 0;
  for (size_t p = 0; p < processes; p++) {
    double *says = (double *)all + p * stream_says(d);
    there = (struct view_summary){
        .low = says, .high = says + d, .largest_weight = says[2 * d], .rows = says[2 * d + 1] > 0};
    widen(d, summary, &there);
  }
  return EMBLAS_OK;
}

/* The column of a fault in a row of this process. */
static size_t find_column(const struct summing *s, size_t row) {
  struct emblas_data rows;
  size_t inside = 0, column = EMBLAS_NOWHERE;
  struct seen *seen = &s->seen[0];
  if (emblas_rows_read(s->data, row, 1, seen->room, &rows) != EMBLAS_OK) return EMBLAS_NOWHERE;
  if (emblas_view_look(&rows, &seen->block, &inside, &column) == EMBLAS_OK)
    emblas_family_check(s->family, &rows, &inside, &column);
  return column;
}

static emblas_status summarise(struct summing *s, struct group *group, struct arena *arena,
                               struct view_summary *summary, size_t *row, size_t *column) {
  const double *sums =
      emblas_walk_run(&s->walk, s->data->rows, (double)s->data->columns, SUMS, summarise_block, s);
  size_t before = rows_before(s->data);
  double weight = sums[0] + sums[1], rows = sums[2];
  if (s->walk.status != EMBLAS_OK) {
    *row = s->walk.row;
    if (*row != EMBLAS_NOWHERE && s->walk.status != EMBLAS_ERROR_READ)
      *column = find_column(s, *row - before);
    return s->walk.status;
  }
  emblas_status status = gather_ranges(s, group, arena, summary);
  if (status != EMBLAS_OK) return status;
  summary->rows = (size_t)rows;
  summary->total_weight = weight;
  return emblas_view_weigh(summary);
}

emblas_status emblas_stream_summarise(const struct emblas_data *data, const struct family *family,
                                      struct emblas_allocator allocator, size_t threads,
                                      struct group *group, struct view_summary *summary,
                                      unsigned short *counts, size_t *row, size_t *column) {
  struct summing s = {.data = data, .family = family, .counts = counts};
  struct arena arena;
  emblas_arena_init(&arena, allocator);
  emblas_walk_allocate(&s.walk, &arena, rows_of_all(data), SUMS, threads, group);
  s.seen = emblas_arena_take(&arena, s.walk.threads, 1, sizeof *s.seen);
  for (size_t t = 0; t < s.walk.threads && arena.status == EMBLAS_OK; t++)
    allocate_seen(&s.seen[t], &arena, data);
  emblas_status status = emblas_group_agree(group, arena.status);
  if (status == EMBLAS_OK && counts != NULL) memset(counts, 0, stream_leaves(data) * sizeof *counts);
  if (status == EMBLAS_OK) status = summarise(&s, group, &arena, summary, row, column);
  emblas_arena_free(&arena);
  return status;
}

/* ------------------------------------------------------------------ a sample */

/* Where stretch s of `count` of all rows begins. */
static size_t begin_of(size_t s, size_t count, size_t rows) {
  return s * (rows / count) + s * (rows % count) / count;
}

/* A row of this process, counted among all of them, or among those of positive weight where `counts` says
   how many each leaf has: these are looked for from one call to the next, in ascending order. */
struct finder {
  const struct emblas_data *data;
  const unsigned short *counts;
  double *room;
  size_t leaf, passed; /* rows of positive weight before the leaf */
};

static emblas_status find_row(struct finder *finder, size_t wanted, struct emblas_data *row) {
  const struct emblas_data *data = finder->data;
  if (finder->counts == NULL) return emblas_rows_read(data, wanted, 1, finder->room, row);
  while (finder->passed + finder->counts[finder->leaf] <= wanted)
    finder->passed += finder->counts[finder->leaf++];
  size_t first = finder->leaf * WALK_LEAF, left = data->rows - first, place = 0;
  emblas_status status =
      emblas_rows_read(data, first, left < WALK_LEAF ? left : WALK_LEAF, finder->room, row);
  if (status != EMBLAS_OK) return status;
  for (size_t seen = finder->passed; place + 1 < row->rows; place++)
    if (view_weight(row, place) > 0 && seen++ == wanted) break;
  row->values += place * view_stride(row);
  if (row->weights != NULL) row->weights += place;
  row->rows = 1;
  return EMBLAS_OK;
}

/* How many rows there are to draw from: before those of this process, its own, and of all. */
struct stretch {
  size_t before, own, all;
};

static emblas_status measure(const struct emblas_data *data, const unsigned short *counts,
                             struct group *group, struct stretch *stretch) {
  const double *all;
  *stretch = (struct stretch){rows_before(data), data->rows, rows_of_all(data)};
  if (counts == NULL) return EMBLAS_OK;
  *stretch = (struct stretch){0, 0, 0};
  for (size_t leaf = 0; leaf < stream_leaves(data); leaf++) stretch->own += counts[leaf];
  double own = (double)stretch->own;
  size_t processes = group_is_shared(group) ? group->processes->count : 1;
  emblas_status status = emblas_group_gather(group, &own, 1, &all);
  for (size_t p = 0; status == EMBLAS_OK && p < processes; p++) {
    if (processes > 1 && p < group->processes->rank) stretch->before += (size_t)all[p];
    stretch->all += (size_t)all[p];
  }
  return status;
}

/* The rows of the sample that are this process's; the others are 0. */
static emblas_status copy_rows(struct finder *finder, const struct stretch *stretch, uint64_t seed,
                               struct emblas_data *sample, double *values, double *weights) {
  struct random random;
  size_t d = sample->columns;
  emblas_status status = EMBLAS_OK;
  emblas_random_seed(&random, seed, UINT64_MAX);
  memset(values, 0, sample->rows * d * sizeof *values);
  if (weights != NULL) memset(weights, 0, sample->rows * sizeof *weights);
  for (size_t s = 0; s < sample->rows && status == EMBLAS_OK; s++) {
    struct emblas_data row;
    size_t begin = begin_of(s, sample->rows, stretch->all);
    size_t length = begin_of(s + 1, sample->rows, stretch->all) - begin;
    size_t wanted = begin + (size_t)(emblas_random_uniform(&random) * (double)length);
    if (wanted < stretch->before || wanted - stretch->before >= stretch->own) continue;
    status = find_row(finder, wanted - stretch->before, &row);
    if (status != EMBLAS_OK) break;
    for (size_t j = 0; j < d; j++) values[s * d + j] = row.values[j] + 0.0; /* -0 would not survive a sum */
    if (weights != NULL) weights[s] = view_weight(&row, 0);
  }
  return status;
}

emblas_status emblas_stream_sample(const struct emblas_data *data, const unsigned short *counts,
                                   size_t wanted, uint64_t seed, struct arena *arena, struct group *group,
                                   struct emblas_data *sample) {
  struct stretch stretch;
  struct finder finder = {.data = data, .counts = counts};
  emblas_status status = emblas_group_agree(group, arena->status);
  if (status == EMBLAS_OK) status = measure(data, counts, group, &stretch);
  if (status != EMBLAS_OK) return status;
  emblas_data_init(sample, sizeof *sample);
  sample->rows = wanted < stretch.all ? wanted : stretch.all, sample->columns = data->columns;
  double *values = emblas_arena_doubles(arena, sample->rows, sample->columns);
  double *weights = rows_have_weights(data) ? emblas_arena_doubles(arena, sample->rows, 1) : NULL;
  finder.room = emblas_rows_room(arena, data, counts != NULL ? WALK_LEAF : 1);
  status = arena->status;
  if (status == EMBLAS_OK) status = copy_rows(&finder, &stretch, seed, sample, values, weights);
  status = emblas_group_agree(group, status);
  if (status == EMBLAS_OK) status = emblas_group_sum(group, values, sample->rows * sample->columns);
  if (status == EMBLAS_OK && weights != NULL) status = emblas_group_sum(group, weights, sample->rows);
  sample->values = values, sample->weights = weights;
  return status;
}

/* ------------------------------------------------------------------ pooled moments */

struct pooling {
  struct pass *pass;
  struct frame *frame;
  double total_weight;
  int whitened;
};

/* A pass_block: mean, variances and, where there is a whitener, the covariance. */
static void add_moments(struct pass *pass, struct pass_worker *worker, void *context, size_t first,
                        size_t count, double *sums) {
  const struct pooling *p = context;
  size_t d = p->frame->d;
  struct frame_moments moments = {sums + 2, sums + 2 + d, sums + 2 + 2 * d};
  struct frame_workspace work = {.rows = pass->block_rows,
                                 .stride = worker->block.stride,
                                 .block = worker->rows,
                                 .scratch = worker->more_rows,
                                 .share = worker->column};
  emblas_pass_read(pass, worker, first, count);
  emblas_frame_add(p->frame, pass->backend, &worker->view, p->total_weight, p->whitened, &moments, &work);
}

static void add_up(void *context, int whitened, const struct frame_moments *moments) {
  struct pooling *p = context;
  size_t d = p->frame->d, squares = moments->pooled != NULL ? d * d : 0;
  p->whitened = whitened;
  const double *sums = emblas_pass_walk(p->pass, 2 + 2 * d + squares, add_moments, p) + 2;
  memcpy(moments->mean, sums, d * sizeof *sums);
  if (moments->variance != NULL) memcpy(moments->variance, sums + d, d * sizeof *sums);
  if (squares > 0) memcpy(moments->pooled, sums + 2 * d, squares * sizeof *sums);
}

void emblas_stream_pool(struct pass *pass, struct frame *frame, const struct emblas_data *sample,
                        double sample_weight, double total_weight, const struct frame_workspace *work) {
  struct pooling pooling = {.pass = pass, .frame = frame, .total_weight = total_weight};
  struct frame_workspace workspace = *work;
  workspace.add_up = add_up;
  workspace.context = &pooling;
  emblas_frame_pool(frame, pass->backend, sample, sample_weight, &workspace);
}

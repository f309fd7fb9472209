/* SPDX-License-Identifier: MIT */
#include "compression.h"

#include "../rows/duplicates.h"

#include <float.h>
#include <math.h>

enum {
  LEAST_ROWS = 4096,    /* with fewer there is no time to save */
  LEAST_MAPS = 16,      /* nor with fewer maps than the set-up takes */
  LEAST_SHARE = 200,    /* rows a component: with fewer there are too many cells to look after */
  MANY_COMPONENTS = 16, /* so that a few maps take longer than putting rows in order, .. */
  STRETCH = 128,        /* .. in stretches of about so many */
  FEW_COLUMNS = 8,      /* in more a box is as wide as the data */
  ROWS_PER_CENTRE = 16, /* what k-means++ draws from must be many */
  MAX_WAIT = 10
};

/* Parts of the width that a cell may have: when it is made, so that it need not be made again when a
   component narrows a little; and while it is kept, for what parameters move until they are looked at
   again. */
static const double patience = 0.6, still = 0.8;

/* What two passes over the same measure may differ by. A logit of the expanded form is off by up to 4096 u
   (docs/numerics.md), u = eps / 2, and so is, relative to itself, a sum of responsibilities; a moment by as
   much of its deviation. The log-likelihood is held to a few u of its magnitude. */
#define PARAMETER_TOLERANCE (4096 * DBL_EPSILON)
#define LOGLIK_TOLERANCE (64 * DBL_EPSILON)

static int pays(const struct pass *pass, enum emblas_compression how, size_t maps) {
  if (pass->data->columns == 1 && pass->components.k == 1) return 0; /* after one map it is done */
  return how == EMBLAS_COMPRESS_AUTO && pass->data->rows >= LEAST_ROWS && maps >= LEAST_MAPS;
}

static int cells_pay(const struct pass *pass) {
  return pass->data->columns == 1 && pass->components.family->line != NULL &&
         pass->data->rows / LEAST_SHARE >= pass->components.k;
}

/* Rows in order are worth their sorting where a block of them leaves components out of reach. */
static int order_pays(const struct pass *pass) {
  const struct components *m = &pass->components;
  return pass->data->columns == 1 && m->family->sweep_kind != NULL &&
         m->family->sweep_kind(m) == SWEEP_AT_ONCE && pass->data->rows >= LEAST_ROWS &&
         m->k >= MANY_COMPONENTS;
}

/* The same for several columns. A map of 16 components in two takes a tenth of the time that boxes do. */
static int boxes_pay(const struct pass *pass, size_t rows, size_t maps) {
  return pass->components.family->boxes != NULL && pass->data->columns > 1 &&
         pass->data->columns <= FEW_COLUMNS && rows >= LEAST_ROWS && maps >= LEAST_MAPS &&
         pass->components.k >= MANY_COMPONENTS;
}

static void make_identity(struct compression *c, struct arena *arena, const struct frame *frame) {
  emblas_frame_allocate(&c->identity, arena, frame->d, 0);
  if (arena->status != EMBLAS_OK) return;
  for (size_t j = 0; j < frame->d; j++) {
    c->identity.shift[j] = c->identity.origin[j] = 0;
    c->identity.scale[j] = c->identity.inverse[j] = 1;
    c->identity.variance[j] = frame->variance[j];
    c->identity.constant[j] = frame->constant[j];
  }
}

/* rows: how many of the data have weight. */
static emblas_status put_in_boxes(struct compression *c, struct arena *arena, const struct pass *pass,
                                  const struct emblas_data *data, size_t rows, size_t maps) {
  if (!boxes_pay(pass, rows, maps)) return EMBLAS_OK;
  make_identity(c, arena, pass->frame);
  pass->components.family->boxes->allocate(&pass->components, arena, &c->boxes, pass->threads);
  return emblas_boxes_create(&c->boxes, arena, pass->frame, pass->backend, data, rows);
}

static emblas_status put_in_order(struct compression *c, struct arena *arena, const struct pass *pass,
                                  const struct view_summary *summary) {
  size_t *end, stretches;
  make_identity(c, arena, pass->frame);
  return emblas_order_rows(arena, pass->frame, pass->data, summary, STRETCH, &c->ordered, &end, &stretches);
}

static emblas_status cut_line(struct compression *c, struct arena *arena, const struct pass *pass,
                              const struct view_summary *summary) {
  emblas_status status = emblas_compressor_create(&c->line, arena, pass->frame, pass->data, summary);
  if (status != EMBLAS_OK) return status;
  c->reach = pass->components.family->line->allocate(&pass->components, arena);
  make_identity(c, arena, pass->frame);
  c->kind = COMPRESSION_LINE;
  if (order_pays(pass)) c->ordered = c->line.leaves.rows;
  return arena->status;
}

/* Of a line: can k-means++ draw from the leaves' pairs? They are few where there are few values. */
static int pairs_are_many(const struct compression *c, const struct pass *pass) {
  return c->line.pairs.count / ROWS_PER_CENTRE >= pass->components.k;
}

/* Instead of a line, if there is one: `view` is theirs. */
static emblas_status merge_duplicates(struct compression *c, struct arena *arena, const struct pass *pass,
                                      size_t maps) {
  emblas_status status = emblas_duplicates_merge(pass->data, arena, &c->view);
  if (c->view.rows == 0) return status;
  c->kind = COMPRESSION_DUPLICATES;
  c->ordered.count = 0;
  return put_in_boxes(c, arena, pass, &c->view, c->view.rows, maps);
}

emblas_status emblas_compression_create(struct compression *c, struct arena *arena, const struct pass *pass,
                                        const struct view_summary *summary, enum emblas_compression how,
                                        size_t maps) {
  *c = (struct compression){.kind = COMPRESSION_NONE, .all = pass->data, .frame = pass->frame};
  emblas_data_init(&c->view, sizeof c->view);
  if (pass->streams) return EMBLAS_OK;
  if (pays(pass, how, maps)) {
    emblas_status status = cells_pay(pass) ? cut_line(c, arena, pass, summary) : EMBLAS_OK;
    if (status == EMBLAS_OK && !pairs_are_many(c, pass)) status = merge_duplicates(c, arena, pass, maps);
    if (status != EMBLAS_OK || c->kind != COMPRESSION_NONE) return status;
  }
  if (order_pays(pass)) return put_in_order(c, arena, pass, summary);
  return put_in_boxes(c, arena, pass, pass->data, summary->rows, maps);
}

void emblas_compression_all(const struct compression *c, struct pass *pass) {
  pass->data = c->all;
  pass->frame = c->frame;
  pass->independent = (double)rows_of_all(c->all);
  pass->boxed = 0;
}

static void point_at(const struct compression *c, struct pass *pass, const struct frame *frame,
                     double independent) {
  pass->data = &c->view;
  pass->frame = frame;
  pass->independent = independent;
  pass->boxed = 0;
}

/* As many roundings as before cancel each other. */
static void point_at_boxes(struct compression *c, struct pass *pass) {
  pass->data = &c->boxes.rows;
  pass->frame = &c->identity;
  pass->boxed = 1;
}

/* Fewer rows have fewer roundings to cancel. */
static void point_at_duplicates(const struct compression *c, struct pass *pass) {
  point_at(c, pass, c->frame, (double)c->view.rows);
}

/* For a map: in boxes, if they are. */
static void point_at_merged(struct compression *c, struct pass *pass) {
  point_at_duplicates(c, pass);
  if (c->boxes.count > 0) point_at_boxes(c, pass);
}

static void view_line(struct compression *c, const struct weighted_rows *rows) {
  c->view.values = rows->values;
  c->view.weights = rows->weights;
  c->view.rows = rows->count;
  c->view.columns = 1;
}

/* Each node stands for hundreds of rows, whose roundings would have cancelled. */
static void point_at_line(struct compression *c, struct pass *pass, const struct weighted_rows *rows) {
  view_line(c, rows);
  point_at(c, pass, &c->identity, 0);
}

static void point_at_ordered(struct compression *c, struct pass *pass) {
  emblas_compression_all(c, pass);
  if (c->ordered.count > 0) {
    view_line(c, &c->ordered);
    point_at(c, pass, &c->identity, (double)c->all->rows);
  } else if (c->boxes.count > 0 && c->kind == COMPRESSION_NONE) {
    point_at_boxes(c, pass);
  }
}

void emblas_compression_begin(struct compression *c, struct pass *pass, enum emblas_start kind) {
  c->ready = c->abandoned = 0;
  c->failures = c->wait = 0;
  emblas_compression_all(c, pass);
  if (kind != EMBLAS_START_KMEANSPP) return; /* labels are those of all rows; the others look at none */
  if (c->kind == COMPRESSION_DUPLICATES)
    point_at_duplicates(c, pass);
  else if (c->kind == COMPRESSION_LINE && pairs_are_many(c, pass))
    point_at_line(c, pass, &c->line.pairs);
}

/* Do the rows that were made serve these parameters too? */
static int still_good(struct compression *c, const struct family_line *line, const double *theta) {
  if (!c->ready) return 0;
  if (line->near(c->reach, theta)) return 1;
  line->prepare(c->reach, theta, still);
  for (size_t i = 0; i < c->line.cells; i++)
    if (line->strain(c->reach, c->line.cell_low[i], c->line.cell_high[i]) > 1) return 0;
  return 1;
}

static int make_rows(struct compression *c, const struct family_line *line, const double *theta) {
  if (c->wait > 0) {
    c->wait--;
    return 0;
  }
  line->prepare(c->reach, theta, patience);
  c->ready = emblas_compress(&c->line, line->strain, c->reach);
  if (!c->ready) c->wait = (size_t)1 << (c->failures < MAX_WAIT ? c->failures++ : MAX_WAIT);
  return c->ready;
}

void emblas_compression_select(struct compression *c, struct pass *pass, const double *theta) {
  const struct family_line *line = pass->components.family->line;
  if (c->kind == COMPRESSION_NONE || c->abandoned)
    point_at_ordered(c, pass);
  else if (c->kind == COMPRESSION_DUPLICATES)
    point_at_merged(c, pass);
  else if (still_good(c, line, theta) || make_rows(c, line, theta))
    point_at_line(c, pass, &c->line.result);
  else
    point_at_ordered(c, pass);
}

int emblas_compression_agrees(const struct components *m, const double *compressed,
                              const struct emblas_em_value *compressed_value, const double *all,
                              const struct emblas_em_value *all_value) {
  double off = fabs(compressed_value->loglik - all_value->loglik);
  if (!(off <= LOGLIK_TOLERANCE * all_value->magnitude)) return 0;
  return m->family->agree(m, compressed, all, PARAMETER_TOLERANCE);
}

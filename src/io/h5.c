/* SPDX-License-Identifier: MIT */
/* Matrices in HDF5: FILE.h5:/NAME. Nothing but the file itself is opened: hard links alone are followed,
   external and virtual storage is refused, and so are filters that would be loaded. What lies in one piece
   stays in its place and is read as a .npy is; chunks are unpacked into a temporary file first. */
#include "h5.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool io_hdf5_named(const char *path) {
  return io_hdf5_colon(path) != NULL;
}

/* The colon between file and dataset. */
const char *io_hdf5_colon(const char *path) {
  static const char *const endings[] = {".h5", ".hdf5", ".he5", ".hdf"};

  for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
    const char *found = strstr(path, endings[i]);
    size_t length = strlen(endings[i]);

    if (found && (found[length] == ':' || found[length] == '\0')) return found + length;
  }
  return NULL;
}

#ifdef EMBLAS_HDF5
#include <hdf5.h>
#include <pthread.h>

enum { MOST_NAME = 1024, MOST_CHUNK = 1 << 26 }; /* bytes */

/* The library is built for one thread, tells errors by itself, which are ours to tell, and loads plugins.
 */
struct silence {
  H5E_auto2_t print;
  void *context;
  unsigned plugins;
};
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

static void begin_silence(struct silence *silence) {
  pthread_mutex_lock(&one_at_a_time);
  H5Eget_auto2(H5E_DEFAULT, &silence->print, &silence->context);
  H5PLget_loading_state(&silence->plugins);
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  H5PLset_loading_state(0);
}

static void end_silence(const struct silence *silence) {
  H5PLset_loading_state(silence->plugins);
  H5Eset_auto2(H5E_DEFAULT, silence->print, silence->context);
  pthread_mutex_unlock(&one_at_a_time);
}

/* A file, and a dataset of it. */
struct set {
  const char *path; /* as given */
  hid_t file, data, space, type, creation;
  hsize_t shape[2];
  struct npy_header header;
};

/* ---- the dataset ---- */

static int refuse(const struct set *set, const char *what, struct io_error *error) {
  return io_fail(error, "%s: %s", set->path, what);
}

/* Follows one name of the path, which must be that of an object in this file. */
static hid_t step(const struct set *set, hid_t from, const char *name, struct io_error *error) {
  H5L_info_t link;
  hid_t object;

  if (H5Lexists(from, name, H5P_DEFAULT) <= 0 || H5Lget_info(from, name, &link, H5P_DEFAULT) < 0) {
    io_fail(error, "%s: there is no '%s'", set->path, name);
    return -1;
  }
  if (link.type != H5L_TYPE_HARD) {
    io_fail(error, "%s: '%s' is a link that may lead elsewhere; hard links alone are followed", set->path,
            name);
    return -1;
  }
  object = H5Oopen(from, name, H5P_DEFAULT);
  if (object < 0) io_fail(error, "%s: '%s' cannot be opened", set->path, name);
  return object;
}

static int open_set(struct set *set, const char *name, struct io_error *error) {
  char copy[MOST_NAME], *rest = copy;
  hid_t at = H5Gopen2(set->file, "/", H5P_DEFAULT);

  if (strlen(name) >= sizeof copy) return refuse(set, "the name of the dataset is too long", error);
  strcpy(copy, name);
  for (char *part; at >= 0 && (part = strsep(&rest, "/")) != NULL;) {
    hid_t next;

    if (*part == '\0') continue;
    if (strcmp(part, ".") == 0 || H5Iget_type(at) != H5I_GROUP) {
      io_fail(error, "%s: '%s' is in no group", set->path, part);
      next = -1;
    } else {
      next = step(set, at, part, error);
    }
    H5Oclose(at);
    at = next;
  }
  if (at < 0) return -1;
  if (H5Iget_type(at) != H5I_DATASET) {
    H5Oclose(at);
    return refuse(set, "a dataset is needed: FILE.h5:/NAME", error);
  }
  set->data = at;
  return 0;
}

/* ---- what it holds ---- */

static int check_shape(struct set *set, struct io_error *error) {
  int dimensions = H5Sget_simple_extent_ndims(set->space);
  size_t count, bytes;

  if (dimensions < 1 || dimensions > 2)
    return refuse(set, "the dataset is not of one or two dimensions", error);
  set->shape[1] = 1;
  if (H5Sget_simple_extent_dims(set->space, set->shape, NULL) < 0)
    return refuse(set, "the dataset has no shape", error);
  set->header.rows = (size_t)set->shape[0];
  set->header.columns = (size_t)set->shape[1];
  if (set->header.rows == 0 || set->header.columns == 0) return refuse(set, "no rows", error);
  if (!io_multiply(set->header.rows, set->header.columns, &count) ||
      !io_multiply(count, sizeof(double), &bytes))
    return refuse(set, "the shape is too large", error);
  return 0;
}

static int check_type(struct set *set, struct io_error *error) {
  const struct {
    hid_t type;
    char kind;
    size_t size;
    bool big_endian;
  } types[] = {
      {H5T_IEEE_F64LE, 'f', 8, false}, {H5T_IEEE_F64BE, 'f', 8, true}, {H5T_IEEE_F32LE, 'f', 4, false},
      {H5T_IEEE_F32BE, 'f', 4, true},  {H5T_STD_I8LE, 'i', 1, false},  {H5T_STD_I16LE, 'i', 2, false},
      {H5T_STD_I32LE, 'i', 4, false},  {H5T_STD_I64LE, 'i', 8, false}, {H5T_STD_U8LE, 'u', 1, false},
      {H5T_STD_U16LE, 'u', 2, false},  {H5T_STD_U32LE, 'u', 4, false}, {H5T_STD_U64LE, 'u', 8, false},
      {H5T_STD_I16BE, 'i', 2, true},   {H5T_STD_I32BE, 'i', 4, true},  {H5T_STD_I64BE, 'i', 8, true},
      {H5T_STD_U16BE, 'u', 2, true},   {H5T_STD_U32BE, 'u', 4, true},  {H5T_STD_U64BE, 'u', 8, true}};

  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if (H5Tequal(set->type, types[i].type) > 0) {
      set->header.kind = types[i].kind;
      set->header.size = types[i].size;
      set->header.big_endian = types[i].big_endian;
      return 0;
    }
  return refuse(set, "the dataset is not of integers or of numbers in single or double precision", error);
}

/* Filters that are part of the library: others would be loaded from elsewhere. */
static int check_filters(const struct set *set, struct io_error *error) {
  int count = H5Pget_nfilters(set->creation);

  for (int i = 0; i < count; i++) {
    unsigned flags, configuration;
    size_t values = 0;
    char name[64] = "";
    H5Z_filter_t filter = H5Pget_filter2(set->creation, (unsigned)i, &flags, &values, NULL, sizeof name,
                                         name, &configuration);

    if (filter != H5Z_FILTER_DEFLATE && filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_FLETCHER32)
      return io_fail(error, "%s: filter %d (%s): deflate, shuffle and fletcher32 are read", set->path,
                     (int)filter, name);
  }
  return 0;
}

/* All chunks must be there: what was never written takes no place in the file, whatever the shape says. */
static int check_chunks(const struct set *set, struct io_error *error) {
  int dimensions = H5Sget_simple_extent_ndims(set->space);
  hsize_t chunk[2] = {1, 1}, there, wanted = 1;
  size_t bytes;

  if (H5Pget_chunk(set->creation, 2, chunk) != dimensions)
    return refuse(set, "its chunks are not its shape's", error);
  for (int i = 0; i < dimensions; i++) wanted *= (set->shape[i] - 1) / chunk[i] + 1;
  if (!io_multiply((size_t)chunk[0], (size_t)chunk[1], &bytes) || bytes > MOST_CHUNK / set->header.size)
    return io_fail(error, "%s: chunks of more than %d bytes", set->path, MOST_CHUNK);
  if (H5Dget_num_chunks(set->data, set->space, &there) < 0)
    return refuse(set, "its chunks cannot be counted", error);
  if (there != wanted)
    return io_fail(error, "%s: %llu of %llu chunks are in the file", set->path, (unsigned long long)there,
                   (unsigned long long)wanted);
  return check_filters(set, error);
}

static int describe(struct set *set, struct io_error *error) {
  set->space = H5Dget_space(set->data);
  set->type = H5Dget_type(set->data);
  set->creation = H5Dget_create_plist(set->data);
  if (set->space < 0 || set->type < 0 || set->creation < 0)
    return refuse(set, "the dataset cannot be read", error);
  if (H5Pget_external_count(set->creation) != 0)
    return refuse(set, "the dataset lies in other files", error);
  if (H5Pget_layout(set->creation) == H5D_VIRTUAL)
    return refuse(set, "the dataset is made of others", error);
  if (check_shape(set, error) != 0 || check_type(set, error) != 0) return -1;
  return H5Pget_layout(set->creation) == H5D_CHUNKED ? check_chunks(set, error) : 0;
}

/* ---- its numbers ---- */

/* In one piece: where in the file. */
static int read_in_place(const struct set *set, const struct io_source *source, const char *name,
                         struct io_table *table, struct io_error *error) {
  haddr_t offset = H5Dget_offset(set->data);
  size_t bytes = set->header.rows * set->header.columns * set->header.size;
  FILE *file = fopen(name, "rb");
  struct stat status;
  int result = -1;

  if (!file || fstat(fileno(file), &status) != 0)
    io_fail_read(error, name);
  else if (offset == HADDR_UNDEF || (uintmax_t)status.st_size < offset ||
           (uintmax_t)status.st_size - offset < bytes)
    refuse(set, "the dataset is not in the file", error);
  else
    result = io_array_table(source, fileno(file), (size_t)offset, &set->header, table, error);
  if (file) fclose(file);
  return result;
}

/* Rows that are unpacked at a time: of whole chunks, where these are not too large. */
static hsize_t rows_at_a_time(const struct set *set) {
  hsize_t chunk[2] = {1, 1}, most = MOST_CHUNK / sizeof(double) / set->header.columns, rows;

  if (H5Pget_layout(set->creation) == H5D_CHUNKED) H5Pget_chunk(set->creation, 2, chunk);
  rows = most / chunk[0] * chunk[0];
  if (rows == 0) rows = most > 0 ? most : 1;
  return rows < set->shape[0] ? rows : set->shape[0];
}

static int unpack(const struct set *set, FILE *copy, struct io_error *error) {
  int dimensions = H5Sget_simple_extent_ndims(set->space), result = 0;
  hsize_t first[2] = {0, 0}, count[2] = {0, set->shape[1]}, step_rows = rows_at_a_time(set);
  double *values = malloc((size_t)(step_rows * set->shape[1]) * sizeof *values);

  if (!values) return io_fail_memory(error, set->path);
  for (; first[0] < set->shape[0] && result == 0; first[0] += count[0]) {
    hid_t memory;
    size_t numbers;

    count[0] = set->shape[0] - first[0] < step_rows ? set->shape[0] - first[0] : step_rows;
    numbers = (size_t)(count[0] * count[1]);
    memory = H5Screate_simple(dimensions, count, NULL);
    if (memory < 0 || H5Sselect_hyperslab(set->space, H5S_SELECT_SET, first, NULL, count, NULL) < 0 ||
        H5Dread(set->data, H5T_NATIVE_DOUBLE, memory, set->space, H5P_DEFAULT, values) < 0)
      result = io_fail(error, "%s: the rows from %llu on cannot be unpacked", set->path,
                       (unsigned long long)first[0] + 1);
    else if (fwrite(values, sizeof *values, numbers, copy) != numbers)
      result = io_fail_temporary(error);
    if (memory >= 0) H5Sclose(memory);
  }
  free(values);
  if (result == 0 && fflush(copy) != 0) result = io_fail_temporary(error);
  return result;
}

static int read_unpacked(const struct set *set, const struct io_source *source, struct io_table *table,
                         struct io_error *error) {
  const uint16_t one = 1;
  struct npy_header header = {set->header.rows, set->header.columns, false, *(const char *)&one == 0, 'f',
                              sizeof(double)};
  FILE *copy = tmpfile();
  int result;

  if (!copy) return io_fail_temporary(error);
  result = unpack(set, copy, error);
  if (result == 0) result = io_array_table(source, fileno(copy), 0, &header, table, error);
  fclose(copy);
  return result;
}

static void close_set(const struct set *set) {
  if (set->creation >= 0) H5Pclose(set->creation);
  if (set->type >= 0) H5Tclose(set->type);
  if (set->space >= 0) H5Sclose(set->space);
  if (set->data >= 0) H5Dclose(set->data);
  if (set->file >= 0) H5Fclose(set->file);
}

static int read_file(const char *file, const char *name, struct io_source *source, struct io_table *table,
                     struct io_error *error) {
  struct set set = {.path = source->name, .data = -1, .space = -1, .type = -1, .creation = -1};
  int result = -1;

  set.file = H5Fopen(file, H5F_ACC_RDONLY, H5P_DEFAULT);
  if (set.file < 0)
    io_fail(error, "%s: not a file of HDF5, or not to be read", file);
  else if (open_set(&set, name, error) == 0 && describe(&set, error) == 0)
    result = H5Pget_layout(set.creation) == H5D_CONTIGUOUS ? read_in_place(&set, source, file, table, error)
                                                           : read_unpacked(&set, source, table, error);
  close_set(&set);
  return result;
}

int io_hdf5_read(const char *path, struct io_source *source, struct io_table *table,
                 struct io_error *error) {
  const char *colon = io_hdf5_colon(path);
  char *file = strndup(path, (size_t)(colon - path));
  struct stat status;
  struct silence silence;
  int result = -1;

  source->name = path;
  if (!file) return io_fail_memory(error, path);
  begin_silence(&silence);
  if (stat(file, &status) != 0)
    io_fail_read(error, file);
  else if (!S_ISREG(status.st_mode))
    io_fail(error, "%s: not a regular file", file);
  else if (*colon == '\0')
    io_fail(error, "%s: which dataset? %s:/NAME", path, path);
  else
    result = read_file(file, colon + 1, source, table, error);
  end_silence(&silence);
  free(file);
  return result;
}

/* ---- writing ---- */

/* A file whose dataset has its place, which is returned, but no numbers yet; HADDR_UNDEF: it cannot be
 * made. */
static haddr_t create_set(const char *file, const char *name, size_t rows, size_t columns) {
  hsize_t shape[2] = {rows, columns};
  hid_t made = H5Fcreate(file, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT),
        space = H5Screate_simple(2, shape, NULL);
  hid_t creation = H5Pcreate(H5P_DATASET_CREATE), link = H5Pcreate(H5P_LINK_CREATE), set = -1;
  haddr_t offset = HADDR_UNDEF;

  H5Pset_alloc_time(creation, H5D_ALLOC_TIME_EARLY);
  H5Pset_fill_time(creation, H5D_FILL_TIME_NEVER);
  H5Pset_create_intermediate_group(link, 1);
  if (made >= 0) set = H5Dcreate2(made, name, H5T_NATIVE_DOUBLE, space, link, creation, H5P_DEFAULT);
  if (set >= 0) offset = H5Dget_offset(set);
  if (set >= 0) H5Dclose(set);
  H5Pclose(link);
  H5Pclose(creation);
  H5Sclose(space);
  return made >= 0 && H5Fclose(made) >= 0 ? offset : HADDR_UNDEF;
}

int io_hdf5_create(struct io_replacement *r, const char *path, size_t rows, size_t columns,
                   struct io_error *error) {
  const char *colon = io_hdf5_colon(path), *name = *colon && colon[1] ? colon + 1 : "/data";
  char *file = strndup(path, (size_t)(colon - path));
  int result = -1;

  if (!file)
    io_fail_memory(error, path);
  else if ((result = io_replace_open(r, file, error)) == 0) {
    struct silence silence;
    haddr_t offset = HADDR_UNDEF;

    begin_silence(&silence);
    if (r->temporary) offset = create_set(r->temporary, name, rows, columns);
    end_silence(&silence);
    if (offset == HADDR_UNDEF || fseeko(r->stream, (off_t)offset, SEEK_SET) != 0) {
      io_replace_discard(r);
      result = io_fail(error, "%s: the dataset cannot be made", path);
    }
  }
  free(file);
  return result;
}

#else

int io_hdf5_create(struct io_replacement *r, const char *path, size_t rows, size_t columns,
                   struct io_error *error) {
  (void)r, (void)rows, (void)columns;
  return io_fail(error, "%s: HDF5 is not in this build", path);
}

int io_hdf5_read(const char *path, struct io_source *source, struct io_table *table,
                 struct io_error *error) {
  (void)source;
  (void)table;
  return io_fail(error, "%s: HDF5 is not in this build", path);
}

#endif

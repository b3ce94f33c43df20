/* The site of fixtures/rules (see the header). */
#include "support/rules_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/mem.h"
#include "mmsync/timetext.h"
#include "support/mariadb.h"

static void
die(const char *what, const char *path)
{
	fprintf(stderr, "%s: %s\n", path, what);
	exit(99);
}

const char *
world_path(const char *name)
{
	static char path[512];

	(void)snprintf(path, sizeof path, "%s/fixtures/rules/%s", mms_test_root(), name);
	return path;
}

char *
world_read_file(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	MMS_AUTO(mms_str) text = { 0 };
	char buf[65536];
	size_t n;

	if (f == NULL)
		die("cannot be opened", path);
	while ((n = fread(buf, 1, sizeof buf, f)) > 0)
		mms_str_addn(&text, buf, n);
	fclose(f);
	*len = text.len;
	char *out = mms_str_take(&text);
	if (out == NULL)
		die("cannot be read", path);
	return out;
}

size_t
world_unhex(char *hex)
{
	size_t n = 0;

	if (strcmp(hex, "-") == 0)
		return 0;
	for (; hex[2 * n] != '\0'; n++) {
		char pair[3] = { hex[2 * n], hex[2 * n + 1], '\0' };
		hex[n] = (char)strtoul(pair, NULL, 16);
	}
	return n;
}

void
world_load(struct world *w)
{
	size_t len;

	*w = (struct world){ 0 };
	w->text = world_read_file(world_path("world.txt"), &len);
	for (char *line = w->text; *line != '\0';) {
		char *end = strchr(line, '\n');
		*end = '\0';
		if (*line != '#') {
			struct world_row *row = &w->rows[w->n++];
			for (size_t i = 0; i < WORLD_CELLS; i++) {
				row->cells[i] = line;
				line += strcspn(line, "|");
				if (*line == '|')
					*line++ = '\0';
			}
			if (strcmp(row->cells[0], "now") == 0 &&
			    !mms_wall_parse(row->cells[1], strlen(row->cells[1]), &w->now_us))
				die("has no time", "world.txt");
		}
		line = end + 1;
	}
}

void
world_release(struct world *w)
{
	mms_free(w->text);
	*w = (struct world){ 0 };
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
equal(const char *a, struct mms_text b)
{
	size_t n = strlen(a);

	while (n > 0 && a[n - 1] == ' ')
		n--;
	while (b.len > 0 && b.ptr[b.len - 1] == ' ')
		b.len--;
	if (n != b.len)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (lower(a[i]) != lower(b.ptr[i]))
			return false;
	}
	return true;
}

static struct mms_text
text_of(const char *cell)
{
	return (struct mms_text){ cell, strlen(cell) };
}

/* The i-th row of a kind; NULL past the last. */
static const struct world_row *
row_at(const struct world *w, const char *kind, size_t i)
{
	for (size_t k = 0; k < w->n; k++) {
		if (strcmp(w->rows[k].cells[0], kind) == 0 && i-- == 0)
			return &w->rows[k];
	}
	return NULL;
}

static const struct world_row *
find(struct world *w, const char *kind, struct mms_text name)
{
	const struct world_row *row;

	w->n_asked++;
	for (size_t i = 0; (row = row_at(w, kind, i)) != NULL; i++) {
		if (equal(row->cells[1], name))
			return row;
	}
	return NULL;
}

static void
begin(void *aux)
{
	(void)aux;
}

static mms_rc
user(void *aux, struct mms_text name, bool *found, struct mms_text *out, struct mms_err *err)
{
	const struct world_row *row = find(aux, "user", name);

	(void)err;
	*found = row != NULL;
	if (*found)
		*out = text_of(row->cells[1]);
	return MMS_OK;
}

static mms_rc
integration(void *aux, struct mms_text name, bool *found, struct mms_known_integration *out,
	    struct mms_err *err)
{
	const struct world_row *row = find(aux, "integration", name);

	(void)err;
	*found = row != NULL;
	if (*found)
		*out = (struct mms_known_integration){ text_of(row->cells[1]),
						       row->cells[4][0] == '1' };
	return MMS_OK;
}

static bool
is_other(const struct world_row *row, struct mms_text except)
{
	return except.ptr == NULL || !equal(row->cells[1], except);
}

static mms_rc
name_taken(void *aux, struct mms_text owner, struct mms_text integration_name,
	   struct mms_text except, bool *out, struct mms_err *err)
{
	const struct world_row *row;

	(void)err;
	*out = false;
	for (size_t i = 0; (row = row_at(aux, "integration", i)) != NULL; i++)
		*out = *out ||
		       (equal(row->cells[2], owner) && equal(row->cells[3], integration_name) &&
			is_other(row, except));
	return MMS_OK;
}

static mms_rc
other_primary(void *aux, struct mms_text owner, struct mms_text except, bool *found,
	      struct mms_text *out, struct mms_err *err)
{
	const struct world_row *row;

	(void)err;
	*found = false;
	for (size_t i = 0; !*found && (row = row_at(aux, "integration", i)) != NULL; i++) {
		*found = equal(row->cells[2], owner) && row->cells[4][0] == '1' &&
			 row->cells[5][0] == '1' && is_other(row, except);
		if (*found)
			*out = text_of(row->cells[3]);
	}
	return MMS_OK;
}

static mms_rc
event(void *aux, struct mms_text name, bool *found, struct mms_text *out, struct mms_err *err)
{
	const struct world_row *row = find(aux, "event", name);

	(void)err;
	*found = row != NULL;
	if (*found)
		*out = text_of(row->cells[1]);
	return MMS_OK;
}

static mms_rc
external_id_taken(void *aux, struct mms_text owner, struct mms_text id, struct mms_text except,
		  bool *out, struct mms_err *err)
{
	const struct world_row *row;

	(void)err;
	*out = false;
	for (size_t i = 0; (row = row_at(aux, "event", i)) != NULL; i++)
		*out = *out || (equal(row->cells[2], owner) && equal(row->cells[3], id) &&
				is_other(row, except));
	return MMS_OK;
}

static int64_t
time_of(const char *cell)
{
	int64_t us;

	return mms_wall_parse(cell, strlen(cell), &us) ? us : MMS_NO_TIME;
}

static mms_rc
booking(void *aux, struct mms_text name, bool *found, struct mms_known_booking *out,
	struct mms_err *err)
{
	const struct world_row *row = find(aux, "booking", name);

	(void)err;
	*found = row != NULL;
	if (*found)
		*out = (struct mms_known_booking){ text_of(row->cells[1]),
						   text_of(row->cells[2]),
						   time_of(row->cells[3]),
						   time_of(row->cells[4]) };
	return MMS_OK;
}

static mms_rc
booking_linked(void *aux, struct mms_text name, struct mms_text except, bool *out,
	       struct mms_err *err)
{
	const struct world_row *row;

	(void)err;
	*out = false;
	for (size_t i = 0; (row = row_at(aux, "event", i)) != NULL; i++)
		*out = *out || (equal(row->cells[4], name) && is_other(row, except));
	return MMS_OK;
}

static mms_rc
meeting_type(void *aux, struct mms_text name, bool *found, struct mms_known_meeting_type *out,
	     struct mms_err *err)
{
	const struct world_row *row = find(aux, "type", name);

	(void)err;
	*found = row != NULL;
	if (!*found)
		return MMS_OK;
	*out = (struct mms_known_meeting_type){ .name = text_of(row->cells[1]),
						.location_type = text_of(row->cells[6]),
						.custom_location = text_of(row->cells[7]) };
	if (out->location_type.len == 0)
		out->location_type.ptr = NULL; /* NULL in the column */
	out->is_active = row->cells[2][0] == '1';
	out->is_internal = row->cells[3][0] == '1';
	out->is_public = row->cells[4][0] == '1';
	out->requires_approval = row->cells[5][0] == '1';
	return MMS_OK;
}

static mms_rc
availability(void *aux, struct mms_text name, bool *found, struct mms_known_availability *out,
	     struct mms_err *err)
{
	const struct world_row *row = find(aux, "rule", name);

	(void)err;
	*found = row != NULL;
	if (*found)
		*out = (struct mms_known_availability){ strtoll(row->cells[2], NULL, 10),
							strtoll(row->cells[3], NULL, 10) };
	return MMS_OK;
}

const struct mms_lookups *
world_lookups(void)
{
	static const struct mms_lookups lookups = {
		.begin = begin,
		.user = user,
		.integration = integration,
		.name_taken = name_taken,
		.other_primary = other_primary,
		.event = event,
		.external_id_taken = external_id_taken,
		.booking = booking,
		.booking_linked = booking_linked,
		.meeting_type = meeting_type,
		.availability = availability,
	};

	return &lookups;
}

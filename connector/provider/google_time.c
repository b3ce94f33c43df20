/* start and end of an item to instants or days. */
#include "google_parts.h"
#include "wire_item.h"

static mms_rc
read_moment(const struct wire_times *times, const struct google_when *when,
	    struct wire_moment *out, struct mms_err *err)
{
	char text[WIRE_WORD_MAX];

	if (when->date_time.type != MMS_J_NULL)
		return wire_read_instant(times, &when->date_time, &when->zone, out, err);
	size_t len = wire_print_text(&when->date, text, sizeof text);
	wire_read_day(text, out);
	out->is_set = out->is_set && len == sizeof "2026-01-05" - 1;
	return MMS_OK;
}

static bool
is_absent(const struct google_when *when)
{
	return when->date.type == MMS_J_NULL && when->date_time.type == MMS_J_NULL;
}

/* What does not name a time. */
static mms_rc
put_problem(struct mms_event *event, const char *what, const struct google_when *when,
	    const struct wire_moment *moment, struct mms_err *err)
{
	return wire_put_problem(event, what, moment->is_date ? &when->date : &when->date_time,
				err);
}

mms_rc
google_set_times(const struct google_reader *reader, const struct google_span *from,
		 struct mms_event *event, struct mms_str *doubts, struct mms_err *err)
{
	const struct wire_times times = { reader->zones,   reader->day_zone, reader->has_window,
					  reader->from_ms, reader->to_ms,    event,
					  doubts };
	struct wire_moment start, end;

	if (is_absent(&from->start))
		return wire_put_problem(event, "start", NULL, err);
	mms_rc rc = read_moment(&times, &from->start, &start, err);
	if (rc == MMS_OK)
		rc = read_moment(&times, &from->end, &end, err);
	if (rc != MMS_OK)
		return rc;
	if (!start.is_set)
		return put_problem(event, "start", &from->start, &start, err);
	if (!end.is_set && !is_absent(&from->end))
		return put_problem(event, "end", &from->end, &end, err);
	if (!end.is_set && !from->is_open_ended)
		wire_doubt(doubts, "it has no end");
	wire_set_span(&times, &start, &end);
	return MMS_OK;
}

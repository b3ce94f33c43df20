/* The list of providers, and what all of them share about pages. */
#include "mmsync/provider.h"

#include <string.h>
#include <strings.h>

#include "mmsync/mem.h"

static const struct mms_provider providers[] = {
	{ "google", "Google Calendar", "Google Calendar", MMS_CAP_CURSOR | MMS_CAP_WRITE,
	  &mms_google_provider_ops, 50 },
	{ "outlook", "Outlook Calendar", "Outlook through Microsoft Graph",
	  MMS_CAP_CURSOR | MMS_CAP_WRITE | MMS_CAP_MAILS, &mms_outlook_provider_ops, 20 },
	{ "ical", "iCal", "an iCal feed, read only", MMS_CAP_SHARED, &mms_feed_provider_ops,
	  0 },
};

const struct mms_provider *
mms_provider_find(const char *integration_type)
{
	for (size_t i = 0; integration_type != NULL && i < MMS_COUNT(providers); i++) {
		if (strcmp(providers[i].integration_type, integration_type) == 0)
			return &providers[i];
	}
	return NULL;
}

void
mms_provider_add_scope(const struct mms_provider *provider, const char *url,
		       struct mms_str *out)
{
	MMS_AUTO(mms_str) origin = { 0 };

	if (!(provider->caps & MMS_CAP_SHARED)) {
		mms_str_add(out, provider->name);
		return;
	}
	mms_http_add_origin(&origin, url != NULL ? url : "");
	if (strstr(mms_str_get(&origin), "://") != NULL)
		mms_str_add(out, mms_str_get(&origin));
}

/* The name of a calendar, the person's own by their address. */
static const char *
calendar_name(const struct mms_provider *provider, const char *id, const char *user)
{
	bool is_own = id == NULL || id[0] == '\0' || strcmp(id, "primary") == 0;
	bool takes_addresses = provider != NULL && strcmp(provider->name, "outlook") == 0;

	if (is_own || (takes_addresses && strchr(id, '@') != NULL))
		return user != NULL ? user : "";
	return id;
}

bool
mms_provider_is_same_calendar(const struct mms_provider *provider, const char *a, const char *b,
			      const char *user)
{
	const char *x = calendar_name(provider, a, user), *y = calendar_name(provider, b, user);

	/* Addresses know no case; other ids differ in it. */
	return strchr(x, '@') != NULL ? strcasecmp(x, y) == 0 : strcmp(x, y) == 0;
}

void
mms_page_clear(struct mms_page *page)
{
	for (size_t i = 0; i < page->n; i++)
		mms_event_release(&page->events[i]);
	for (size_t i = 0; i < page->n_whole_series; i++)
		mms_free(page->whole_series[i]);
	mms_free(page->cursor);
	*page = (struct mms_page){ .events = page->events,
				   .cap = page->cap,
				   .whole_series = page->whole_series,
				   .cap_whole_series = page->cap_whole_series };
	page->next_entry_ms = MMS_NO_TIME;
}

void
mms_page_release(struct mms_page *page)
{
	if (page == NULL)
		return;
	mms_page_clear(page);
	mms_free(page->events);
	mms_free(page->whole_series);
	*page = (struct mms_page){ 0 };
}

struct mms_event *
mms_page_add(struct mms_page *page)
{
	struct mms_event *moved = mms_grow(page->events, page->n, &page->cap, sizeof *moved);

	if (moved == NULL)
		return NULL;
	page->events = moved;
	page->events[page->n] = (struct mms_event){ 0 };
	return &page->events[page->n++];
}

mms_rc
mms_page_add_series(struct mms_page *page, const char *series_id, struct mms_err *err)
{
	char **moved = mms_grow(page->whole_series, page->n_whole_series,
				&page->cap_whole_series, sizeof *moved);

	if (moved == NULL)
		return mms_fail_nomem(err);
	page->whole_series = moved;
	moved[page->n_whole_series] = mms_text_copy(series_id);
	if (moved[page->n_whole_series] == NULL)
		return mms_fail_nomem(err);
	page->n_whole_series++;
	return MMS_OK;
}

void
mms_write_result_release(struct mms_write_result *result)
{
	if (result == NULL)
		return;
	mms_err_release(&result->err);
	mms_event_release(&result->event);
}

static const char *const role_names[] = {
	[MMS_ROLE_UNKNOWN] = "unknown",
	[MMS_ROLE_NONE] = "none",
	[MMS_ROLE_FREE_BUSY] = "freeBusyReader",
	[MMS_ROLE_READER] = "reader",
	[MMS_ROLE_WRITER] = "writer",
	[MMS_ROLE_OWNER] = "owner",
};

const char *
mms_calendar_role_name(enum mms_calendar_role role)
{
	return (size_t)role < MMS_COUNT(role_names) ? role_names[role] : role_names[0];
}

enum mms_calendar_role
mms_calendar_role_parse(const char *text)
{
	for (size_t i = 0; text != NULL && i < MMS_COUNT(role_names); i++) {
		if (strcmp(role_names[i], text) == 0)
			return (enum mms_calendar_role)i;
	}
	return MMS_ROLE_UNKNOWN;
}

bool
mms_calendar_role_may_write(enum mms_calendar_role role)
{
	return role == MMS_ROLE_UNKNOWN || role == MMS_ROLE_WRITER || role == MMS_ROLE_OWNER;
}

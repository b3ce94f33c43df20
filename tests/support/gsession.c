/* A session of the Google provider with the fake service (see the header). */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "support/gsession.h"

static mms_rc
give_token(void *aux, const char *refused, const char **token, struct mms_err *err)
{
	struct gsession *g = aux;

	if (refused != NULL) {
		g->n_refused++;
		(void)snprintf(g->refused, sizeof g->refused, "%s", refused);
	}
	if (g->token_rc != MMS_OK)
		return mms_fail(err, g->token_rc, "there is no token");
	size_t at =
		g->n_refused < MMS_COUNT(g->tokens) ? g->n_refused : MMS_COUNT(g->tokens) - 1;
	g->n_tokens++;
	*token = g->tokens[at];
	return MMS_OK;
}

static mms_rc
give_leave(void *aux, int64_t n, struct mms_err *err)
{
	struct gsession *g = aux;

	if (g->budget_rc != MMS_OK)
		return mms_fail_wait(err, GSESSION_NOW + 1000, "the budget is used up");
	g->n_asked += n;
	return MMS_OK;
}

static void
take_wait(void *aux, bool is_project, int64_t until_ms)
{
	struct gsession *g = aux;

	assert_false(is_project);
	g->n_told++;
	g->told_until_ms = until_ms;
}

static mms_rc
enter(void *aux, unsigned n, struct mms_err *err)
{
	struct gsession *g = aux;

	assert_int_equal(g->n_inside, 0); /* one session asks one thing at a time */
	if (g->place_rc != MMS_OK)
		return mms_fail_wait(err, GSESSION_NOW + 1000, "no place is free");
	g->n_entered++;
	g->n_inside = n;
	if (n > g->widest)
		g->widest = n;
	return MMS_OK;
}

static void
leave(void *aux)
{
	struct gsession *g = aux;

	assert_int_not_equal(g->n_inside, 0);
	g->n_inside = 0;
}

void
gsession_limit_places(struct gsession *g)
{
	g->budget_port.enter = enter;
	g->budget_port.leave = leave;
}

void
gsession_reopen(struct gsession *g)
{
	MMS_AUTO(mms_err) err = { 0 };

	g->ops->close(g->session);
	g->session = NULL;
	if (g->ops->open(&g->session, &g->env, &g->calendar, &err) != MMS_OK)
		fail_msg("%s", mms_err_text(&err));
}

static void
start(struct gsession *g, const struct mms_provider_ops *ops, const char *path)
{
	MMS_AUTO(mms_err) err = { 0 };

	*g = (struct gsession){ .ops = ops, .path = path, .tokens = { "A", "A2", "A3" } };
	gfake_start(&g->fake);
	gfake_control(&g->fake, "account " GSESSION_CALENDAR " access=A refresh=R\n"
				"calendar " GSESSION_CALENDAR " owner=" GSESSION_CALENDAR
				" zone=Europe/Berlin");
	(void)fake_url(&g->fake, path, g->base, sizeof g->base);
	(void)fake_host(&g->fake, g->host, sizeof g->host);
	const char *const allowed[] = { g->host };
	const struct mms_http_limits limits = { .timeout_ms = 4000,
						.max_body_bytes = 2 * 1024 * 1024,
						.allow_hosts = allowed,
						.n_allow_hosts = 1 };
	assert_int_equal(mms_http_open(&g->env.http, &limits, &err), MMS_OK);
	assert_int_equal(mms_zones_new(&g->env.zones, &err), MMS_OK);
	g->clock = (struct mms_clock){ .is_fixed = true, .fixed_ms = GSESSION_NOW };
	g->env.clock = &g->clock;
	g->env.max_attempts = 3;
	g->env.base_ms = 1;
	g->env.max_ms = 1500;
	g->token_port = (struct mms_token_port){ .aux = g, .get = give_token };
	g->budget_port =
		(struct mms_budget_port){ .aux = g, .ask = give_leave, .tell = take_wait };
	g->calendar = (struct mms_calendar){ .integration = "INT-0001",
					     .user = GSESSION_CALENDAR,
					     .day_zone = mms_zone_utc(),
					     .api_base = g->base,
					     .tokens = &g->token_port,
					     .budget = &g->budget_port };
	gsession_reopen(g);
}

void
gsession_start(struct gsession *g)
{
	start(g, &mms_google_provider_ops, "/calendar/v3");
}

void
gsession_start_outlook(struct gsession *g)
{
	start(g, &mms_outlook_provider_ops, "/v1.0");
}

int
gsession_start_all(void **state)
{
	MMS_AUTO(mms_err) err = { 0 };

	(void)state;
	return mms_http_setup(&err) == MMS_OK ? 0 : -1;
}

int
gsession_stop_all(void **state)
{
	(void)state;
	mms_http_teardown();
	return 0;
}

int
gsession_set_up(void **state)
{
	static struct gsession g;

	gsession_start(&g);
	*state = &g;
	return 0;
}

int
gsession_set_up_outlook(void **state)
{
	static struct gsession g;

	gsession_start_outlook(&g);
	gsession_limit_places(&g);
	*state = &g;
	return 0;
}

int
gsession_tear_down(void **state)
{
	gsession_stop(*state);
	return 0;
}

void
gsession_speak_to(struct gsession *g, unsigned port)
{
	const char *const allowed[] = { g->host };
	const struct mms_http_limits limits = { .timeout_ms = 4000,
						.allow_hosts = allowed,
						.n_allow_hosts = 1 };
	MMS_AUTO(mms_err) err = { 0 };

	(void)snprintf(g->host, sizeof g->host, "127.0.0.1:%u", port);
	(void)snprintf(g->base, sizeof g->base, "http://%s%s", g->host, g->path);
	g->ops->close(g->session);
	g->session = NULL;
	mms_http_close(g->env.http);
	g->env.http = NULL;
	assert_int_equal(mms_http_open(&g->env.http, &limits, &err), MMS_OK);
	gsession_reopen(g);
}

void
gsession_stop(struct gsession *g)
{
	g->ops->close(g->session);
	mms_provider_env_release(&(struct mms_provider_env){ .http = g->env.http });
	mms_zones_free(g->env.zones);
	fake_stop(&g->fake);
	*g = (struct gsession){ 0 };
}

/* ---- listings ----------------------------------------------------------------------------- */

void
glisting_release(struct glisting *listing)
{
	mms_str_release(&listing->text);
	mms_str_release(&listing->series);
	*listing = (struct glisting){ 0 };
}

static void
add_event(struct mms_str *out, const struct mms_event *e)
{
	char buf[MMS_TIME_TEXT_MAX];

	mms_str_add(out, e->external_id);
	if (e->title != NULL)
		mms_str_addf(out, " \"%s\"", e->title);
	if (e->start_ms != MMS_NO_TIME)
		mms_str_addf(out, " %s", mms_time_print(e->start_ms, buf));
	if (e->series_id != NULL)
		mms_str_addf(out, " of %s", e->series_id);
	if (e->is_gone)
		mms_str_add(out, " gone");
	if (e->is_outside)
		mms_str_add(out, " outside");
	if (e->is_declined)
		mms_str_add(out, " declined");
	if (e->problem != NULL)
		mms_str_addf(out, " problem: %s", e->problem);
	mms_str_add(out, "\n");
}

static void
add_page(struct glisting *out, const struct mms_page *page, size_t max_events)
{
	assert_true(page->n <= max_events);
	for (size_t i = 0; i < page->n; i++)
		add_event(&out->text, &page->events[i]);
	for (size_t i = 0; i < page->n_whole_series; i++)
		mms_str_addf(&out->series, "%s\n", page->whole_series[i]);
	out->n_events += page->n;
	out->n_pages++;
	assert_true(page->is_last || page->cursor == NULL);
	if (!page->is_last)
		return;
	out->is_full = page->is_full;
	out->is_unchanged = page->is_unchanged;
	out->n_warnings = page->n_warnings;
	out->role = page->role;
	assert_true(page->next_entry_ms == MMS_NO_TIME);
	(void)snprintf(out->cursor, sizeof out->cursor, "%s",
		       page->cursor != NULL ? page->cursor : "");
}

mms_rc
gsession_list_from(struct gsession *g, const struct mms_listing *listing, size_t max_events,
		   struct glisting *out, struct mms_err *err)
{
	const struct mms_provider_ops *ops = g->ops;
	MMS_AUTO(mms_page) page = { 0 };

	glisting_release(out);
	mms_rc rc = ops->start(g->session, listing, err);
	while (rc == MMS_OK) {
		rc = ops->next(g->session, max_events, &page, err);
		if (rc != MMS_OK)
			break;
		add_page(out, &page, max_events);
		if (page.is_last)
			break;
	}
	return rc;
}

mms_rc
gsession_list(struct gsession *g, const char *cursor, size_t max_events, struct glisting *out,
	      struct mms_err *err)
{
	const struct mms_listing listing = { .from_ms = GSESSION_FROM,
					     .to_ms = GSESSION_TO,
					     .cursor = cursor };

	return gsession_list_from(g, &listing, max_events, out, err);
}

bool
has_line(const struct mms_str *text, const char *line)
{
	size_t len = strlen(line);

	for (const char *p = mms_str_get(text); *p != '\0'; p = strchr(p, '\n') + 1) {
		if (strncmp(p, line, len) == 0 && p[len] == '\n')
			return true;
	}
	return false;
}

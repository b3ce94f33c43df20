/* Which plays there are (see the header). */
#include "support/stories.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/attr.h"
#include "mmsync/provider.h"

static const struct {
	const char *name, *type;
} services[] = { { "google", "Google Calendar" }, { "outlook", "Outlook Calendar" } };

bool
story_names(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = list; *(p += strspn(p, " \r\n")) != '\0';
	     p += strcspn(p, " \r\n")) {
		if (strcspn(p, " \r\n") == len && strncmp(p, word, len) == 0)
			return true;
	}
	return false;
}

const char *
story_first_service(const char *list)
{
	for (size_t i = 0; i < MMS_COUNT(services); i++) {
		if (story_names(list, services[i].name))
			return services[i].name;
	}
	return NULL;
}

const char *
story_integration_type(const char *service)
{
	for (size_t i = 0; service != NULL && i < MMS_COUNT(services); i++) {
		if (strcmp(service, services[i].name) == 0)
			return services[i].type;
	}
	return NULL;
}

char *
story_line(char *line, const char *service)
{
	char *p = line + strspn(line, " \t");

	for (size_t i = 0; i < MMS_COUNT(services); i++) {
		size_t len = strlen(services[i].name);

		if (strncmp(p, services[i].name, len) != 0 || p[len] != ':')
			continue;
		if (service == NULL || strcmp(service, services[i].name) != 0)
			return NULL;
		return p + len + 1 + strspn(p + len + 1, " \t");
	}
	return p;
}

/* The list of the story's services; "": it is told of none. */
static void
read_services(const char *path, char *out, size_t size)
{
	char line[4096];
	FILE *file = fopen(path, "re");

	out[0] = '\0';
	while (file != NULL && fgets(line, sizeof line, file) != NULL) {
		if (strncmp(line, "services ", 9) == 0)
			(void)snprintf(out, size, "%.*s", (int)size - 1, line + 9);
	}
	if (file != NULL)
		(void)fclose(file);
}

static bool
is_able(const char *service)
{
	const struct mms_provider *provider =
		mms_provider_find(story_integration_type(service));

	return provider != NULL && provider->ops != NULL;
}

static void
add(struct stories *out, const char *path, const char *service, const char *part)
{
	const char *base = strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path;
	struct story story = { .service = service };

	(void)snprintf(story.path, sizeof story.path, "%s", path);
	(void)snprintf(story.name, sizeof story.name, "%.*s%s%s%s", (int)strcspn(base, "."),
		       base, service != NULL ? "[" : "", service != NULL ? service : "",
		       service != NULL ? "]" : "");
	if (part != NULL && strstr(story.name, part) == NULL)
		return;
	struct story *moved = realloc(out->at, (out->n + 1) * sizeof *moved);
	if (moved == NULL)
		abort();
	out->at = moved;
	out->at[out->n++] = story;
}

void
stories_find(struct stories *out, const char *part)
{
	static bool has_said;
	glob_t files = { 0 };

	*out = (struct stories){ 0 };
	if (glob("fixtures/scenarios/*.scn", 0, NULL, &files) != 0)
		abort();
	for (size_t i = 0; i < files.gl_pathc; i++) {
		char list[256];

		read_services(files.gl_pathv[i], list, sizeof list);
		if (list[0] == '\0')
			add(out, files.gl_pathv[i], NULL, part);
		for (size_t k = 0; k < MMS_COUNT(services); k++) {
			if (!story_names(list, services[k].name))
				continue;
			if (is_able(services[k].name))
				add(out, files.gl_pathv[i], services[k].name, part);
			else if (!has_said)
				fprintf(stderr,
					"# this build cannot do %s: its plays are left out\n",
					services[k].name);
			has_said = has_said || !is_able(services[k].name);
		}
	}
	globfree(&files);
}

void
stories_release(struct stories *stories)
{
	free(stories->at);
	*stories = (struct stories){ 0 };
}

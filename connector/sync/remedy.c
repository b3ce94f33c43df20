/* The remedies by name (see the header). */
#include "mmsync/remedy.h"

#include <string.h>

#include "mmsync/mem.h"

static const struct {
	const char *name, *help;
	bool is_unattended;
} remedies[] = {
#define X(name, text, unattended, help) { text, help, unattended },
	MMS_REMEDIES(X)
#undef X
};

const char *
mms_remedy_name(enum mms_remedy remedy)
{
	return remedies[remedy < MMS_COUNT(remedies) ? remedy : 0].name;
}

const char *
mms_remedy_help(enum mms_remedy remedy)
{
	return remedies[remedy < MMS_COUNT(remedies) ? remedy : 0].help;
}

bool
mms_remedy_is_unattended(enum mms_remedy remedy)
{
	return remedy < MMS_COUNT(remedies) && remedies[remedy].is_unattended;
}

enum mms_remedy
mms_remedy_find(const char *name)
{
	size_t i = 0;

	while (i < MMS_COUNT(remedies) && strcmp(remedies[i].name, name) != 0)
		i++;
	return (enum mms_remedy)i;
}

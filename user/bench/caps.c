// SPDX-License-Identifier: MIT
/*
 * Capabilities: derive, delete, copy, inspect, revoke.
 */
#include "bench.h"

static void derive_and_delete(handle_t parent)
{
	struct measured_call derive = {
		.tag = SYS_cap_derive, .handles = parent, .argument = { RIGHTS_ALL, 0 }
	};
	struct measured_call delete = { .tag = SYS_cap_delete };
	struct measured_call inspect = { .tag = SYS_cap_inspect, .handles = parent };
	u32 derived = series_start("cap-derive"), deleted = series_start("cap-delete");
	u32 inspected = series_start("cap-inspect");

	for (u32 i = 0; i < series_samples(); i++) {
		series_mark(derived);
		series_add(derived, call_cost(&derive, "cap_derive"));
		delete.handles = derive.value[0];
		series_mark(deleted);
		series_add(deleted, call_cost(&delete, "cap_delete"));
		series_mark(inspected);
		series_add(inspected, call_cost(&inspect, "cap_inspect"));
	}
}

static void copy(handle_t parent, handle_t target)
{
	struct measured_call lend = {
		.tag = SYS_cap_copy,
		.handles = parent | (u64)target << 32,
		.argument = { CAP_LEND, RIGHTS_ALL, 0 },
	};
	struct measured_call give = { .tag = SYS_cap_copy, .argument = { CAP_GIVE } };
	u32 lent = series_start("cap-copy-lend"), given = series_start("cap-copy-give");

	for (u32 i = 0; i < series_samples(); i++) {
		u64 child;

		series_mark(lent);
		series_add(lent, call_cost(&lend, "cap_copy"));
		must(cap_derive(parent, RIGHTS_ALL, 0, &child), "cap_derive");
		give.handles = child | (u64)target << 32;
		series_mark(given);
		series_add(given, call_cost(&give, "cap_copy"));
		must(cap_revoke(parent), "cap_revoke");
	}
}

static void revoke(const char *name, handle_t parent, u32 children)
{
	struct measured_call call = { .tag = SYS_cap_revoke, .handles = parent };
	u32 row = series_start(name);

	for (u32 i = 0; i < series_samples(); i++) {
		for (u32 n = 0; n < children; n++)
			must(cap_derive(parent, RIGHTS_ALL, 0, &(u64){ 0 }), "cap_derive");
		series_mark(row);
		series_add(row, call_cost(&call, "cap_revoke"));
	}
}

void bench_caps(void)
{
	handle_t parent = create(TYPE_NOTIFICATION, 0), target = create(TYPE_PROCESS, 0);

	derive_and_delete(parent);
	copy(parent, target);
	revoke("cap-revoke-0", parent, 0);
	revoke("cap-revoke-1", parent, 1);
	revoke("cap-revoke-100", parent, 100);
	must(cap_destroy(target), "cap_destroy");
	must(cap_delete(parent), "cap_delete");
	settle();
}

// SPDX-License-Identifier: MIT
/*
 * The smallest program: for measuring what it costs to start and end one.
 */
#include <user/startup.h>

int main(void)
{
	return 0;
}

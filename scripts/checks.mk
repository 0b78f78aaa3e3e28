# SPDX-License-Identifier: MIT
# Tests and static checks.

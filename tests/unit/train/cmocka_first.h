/* SPDX-License-Identifier: Apache-2.0 */
/* cmocka_first: what cmocka.h wants included before it. */
#ifndef TEST_CMOCKA_FIRST_H
#define TEST_CMOCKA_FIRST_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#endif

// Lists of people and their photos, as spreadsheets write them.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "app/enrolment_plan.h"
#include "base/result.h"

namespace vigil::app {

// Reads CSV (RFC 4180: quotes double, quoted fields may hold line ends) of UTF-8, with or without a
// byte order mark. The first line names the columns, in any order and case: `name` and `photo` are
// required, `reason`, `notes` and `lists` are optional; names of watch-lists are separated by "|".
// Columns are separated by commas, semicolons or tabs, whichever the first line has. A photo's path
// counts from `folder`. Empty lines are passed over. The first reason and the first notes that a
// person's lines give hold for all of them.
//
// Nothing of a list with a fault is returned: kInvalidArgument tells up to 20 faults, each as
// "FILE:LINE:COLUMN: what is wrong"; columns count characters from 1.
Result<std::vector<PlannedPhoto>> ParseEnrolmentCsv(std::string_view text, std::string_view file,
                                                    const std::filesystem::path& folder);

}  // namespace vigil::app

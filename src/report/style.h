// The page's look: light and dark by the reader's preference, always light on paper.
#pragma once

#include "html.h"

namespace clientele::page {

Html style_sheet();

}  // namespace clientele::page

// What kernels/ finds under this name when it is compiled for the host.
#pragma once

#include "stand_in.h"

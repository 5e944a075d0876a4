#include "fastdaemon_plugin.h"

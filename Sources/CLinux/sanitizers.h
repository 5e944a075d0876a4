/* Whether a sanitizer looks on, which clang says so, and others never. */
#ifndef SANITIZERS_H
#define SANITIZERS_H

#ifndef __has_feature
#define __has_feature(feature) 0
#endif

#endif

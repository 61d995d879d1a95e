#pragma once

// The one way in which `discovery` sees standalone Asio: as agent/net.hpp has it for `agent`.
#ifndef ASIO_STANDALONE
#define ASIO_STANDALONE
#endif
#ifndef ASIO_NO_DEPRECATED
#define ASIO_NO_DEPRECATED
#endif
#include <asio.hpp>

#pragma once

// The one way in which `agent` sees standalone Asio. Boost.Asio, which comes with Beast, never
// meets it in one file.
#ifndef ASIO_STANDALONE
#define ASIO_STANDALONE
#endif
#ifndef ASIO_NO_DEPRECATED
#define ASIO_NO_DEPRECATED
#endif
#include <asio.hpp>

namespace lanyard::agent {

using Tcp = asio::ip::tcp;

}  // namespace lanyard::agent

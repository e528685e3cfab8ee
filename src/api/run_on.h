// How the server hands work to a lane, and what it says when it cannot. Only what includes Asio
// includes it.
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "api/problem.h"
#include "api/work_pool.h"
#include "base/format.h"

namespace vigil::api {

inline Problem Busy() {
  Problem problem(503, "busy", "the server is busy with other requests; try again in a moment");
  problem.headers.emplace_back("Retry-After", "2");
  return problem;
}

// A whole answer as it goes over the wire, for a connection that is closed at once.
inline std::string WireText(const HttpResponse& response) {
  std::string text = format("HTTP/1.1 {} {}\r\n", response.status, StatusTitle(response.status));
  for (const auto& [name, value] : response.headers) text += format("{}: {}\r\n", name, value);
  return text + format("Content-Length: {}\r\nConnection: close\r\n\r\n{}", response.body.size(),
                       response.body);
}

// Runs `work`, for which a place is reserved, on `pool` and resumes on the caller's executor.
template <class T>
boost::asio::awaitable<T> RunOn(WorkPool& pool, std::function<T()> work) {
  auto start = [&pool](auto handler, std::function<T()> job) {
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    pool.Submit([shared, job = std::move(job)] {
      auto result = std::make_shared<T>(job());
      boost::asio::post(boost::asio::get_associated_executor(*shared),
                        [shared, result] { std::move (*shared)(std::move(*result)); });
    });
  };
  return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(T)>(
      std::move(start), boost::asio::use_awaitable, std::move(work));
}

}  // namespace vigil::api

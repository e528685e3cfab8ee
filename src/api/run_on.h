// Work of a coroutine that may wait, on a pool's thread. Only what includes Asio includes it.
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <utility>

#include "api/work_pool.h"

namespace vigil::api {

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

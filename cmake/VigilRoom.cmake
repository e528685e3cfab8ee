# vigil_add_room(NAME [ROOMS room...] [LIBRARIES target...] [TEST_LIBRARIES target...])
#
# Makes the static library vigil_NAME from every .cc below the calling folder and, from the *_test.cc files, the test
# program vigil_NAME_test. ROOMS are the rooms it includes; LIBRARIES are third-party targets.
include(GoogleTest)

function(vigil_add_room name)
  cmake_parse_arguments(ROOM "" "" "ROOMS;LIBRARIES;TEST_LIBRARIES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$|/main\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(TRANSFORM ROOM_ROOMS PREPEND vigil_)
  if(sources)
    add_library(vigil_${name} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(vigil_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_link_libraries(vigil_${name} ${scope} vigil_options ${ROOM_ROOMS} ${ROOM_LIBRARIES} Threads::Threads)
  if(tests)
    add_executable(vigil_${name}_test ${tests})
    target_include_directories(vigil_${name}_test PRIVATE ${CMAKE_SOURCE_DIR}/tests ${CMAKE_SOURCE_DIR}/tests/fakes)
    target_compile_definitions(vigil_${name}_test PRIVATE VIGIL_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    target_link_libraries(vigil_${name}_test PRIVATE vigil_${name} ${ROOM_TEST_LIBRARIES}
      GTest::gtest_main GTest::gmock rapidcheck)
    # OpenVINO's TBB opens a library with RTLD_DEEPBIND, which sanitizers refuse, unless it is told of them.
    gtest_discover_tests(vigil_${name}_test DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 120 TEST_PREFIX "${name}/"
      PROPERTIES TIMEOUT 600 LABELS unit ENVIRONMENT TBB_ENABLE_SANITIZERS=1)
  endif()
endfunction()

# headlight_library(<folder> [COMMON sources...] [SOURCES sources...] [DEPENDS folders...])
#
# One folder, up to three targets:
#   headlight_<folder>_common  sources that know no Real (compiled once)
#   headlight_<folder>         the rest in float,  alias headlight::<folder>
#   headlight_<folder>_f64     the rest in double, alias headlight::<folder>_f64
# Both precisions can be linked into one program: their symbols lie in the inline namespaces f32 and f64.
function(headlight_library folder)
  cmake_parse_arguments(ARG "" "" "COMMON;SOURCES;DEPENDS;LIBRARIES" ${ARGN})
  set(common "")
  if(ARG_COMMON)
    set(common headlight_${folder}_common)
    add_library(${common} STATIC ${ARG_COMMON})
    target_link_libraries(${common} PUBLIC headlight_flags ${ARG_LIBRARIES} PRIVATE $<BUILD_INTERFACE:headlight_warnings>)
    foreach(dependency IN LISTS ARG_DEPENDS)
      if(TARGET headlight_${dependency}_common)
        target_link_libraries(${common} PUBLIC headlight_${dependency}_common)
      endif()
    endforeach()
  endif()
  foreach(suffix IN ITEMS "" "_f64")
    set(target headlight_${folder}${suffix})
    add_library(${target} STATIC ${ARG_SOURCES})
    add_library(headlight::${folder}${suffix} ALIAS ${target})
    target_link_libraries(${target} PUBLIC headlight_flags ${common} ${ARG_LIBRARIES}
                                    PRIVATE $<BUILD_INTERFACE:headlight_warnings>)
    foreach(dependency IN LISTS ARG_DEPENDS)
      target_link_libraries(${target} PUBLIC headlight_${dependency}${suffix})
    endforeach()
    if(suffix STREQUAL "_f64")
      target_compile_definitions(${target} PUBLIC HEADLIGHT_DOUBLE)
      headlight_hide_from_tools(${target})
    endif()
  endforeach()
endfunction()

# headlight_hide_from_tools(<target>): keeps the double twin out of compile_commands.json, where editors and clang-tidy
# would otherwise meet each source twice.
function(headlight_hide_from_tools target)
  set_target_properties(${target} PROPERTIES EXPORT_COMPILE_COMMANDS OFF)
endfunction()

# headlight_compile_lightly(<target>): less optimisation for what does not compute: reading configs and command lines. It
# compiles in little more than half the time, and nothing of a run waits for it.
function(headlight_compile_lightly target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
endfunction()

# headlight_add_layers(<target> sources...): a user's layers in both precisions, as <target> and <target>_f64. They are
# object libraries, so that a registration object in a source file is linked even when nothing else refers to it.
function(headlight_add_layers target)
  foreach(suffix IN ITEMS "" "_f64")
    add_library(${target}${suffix} OBJECT ${ARGN})
    target_link_libraries(${target}${suffix} PUBLIC headlight_layers${suffix})
  endforeach()
  headlight_hide_from_tools(${target}_f64)
endfunction()

# headlight_add_plugin(<target> sources...): a user's layers as a shared library for `headlight --plugin`, in float as the
# program computes. What it uses of Headlight it finds in the program that loads it.
function(headlight_add_plugin target)
  add_library(${target} MODULE ${ARGN})
  target_link_libraries(${target} PRIVATE headlight_flags)
endfunction()

# headlight_test(<name> [COMMON sources...] [SOURCES sources...] [LIBRARIES folders...])
#
# test_<name> runs COMMON and SOURCES in float; test_<name>_f64 runs SOURCES in double. ctest shows each TEST_CASE as
# "<name>/..." and "<name> f64/...".
function(headlight_test name)
  cmake_parse_arguments(ARG "" "" "COMMON;SOURCES;LIBRARIES" ${ARGN})
  foreach(suffix IN ITEMS "" "_f64")
    if(suffix STREQUAL "_f64" AND NOT ARG_SOURCES)
      continue()
    endif()
    set(target test_${name}${suffix})
    add_executable(${target} ${ARG_SOURCES})
    if(suffix STREQUAL "")
      target_sources(${target} PRIVATE ${ARG_COMMON})
      set(label "${name}/")
    else()
      headlight_hide_from_tools(${target})
      set(label "${name} f64/")
    endif()
    foreach(library IN LISTS ARG_LIBRARIES)
      if(TARGET headlight_${library}${suffix})
        target_link_libraries(${target} PRIVATE headlight_${library}${suffix})
      else()
        target_link_libraries(${target} PRIVATE headlight_${library})
      endif()
    endforeach()
    target_link_libraries(${target} PRIVATE headlight_warnings Catch2::Catch2WithMain)
    # A test spends its time in the library; without this, more time goes into optimising tests than into running them.
    target_compile_options(${target} PRIVATE $<IF:$<CONFIG:Release>,-O1,-O0>)
    target_compile_definitions(${target} PRIVATE HEADLIGHT_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    # Catch2 ends well when a name matches no case, such as one with a semicolon, which CMake takes for two. It has no
    # skipping of its own: a case that cannot run here warns `skipped: why`.
    catch_discover_tests(${target} TEST_PREFIX "${label}" PROPERTIES TIMEOUT 300 LABELS "${name}"
                         FAIL_REGULAR_EXPRESSION "No test cases matched" SKIP_REGULAR_EXPRESSION "skipped: ")
  endforeach()
endfunction()

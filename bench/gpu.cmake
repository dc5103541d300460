# GPU benchmarks need no Google Benchmark: they print the JSON that scripts/gpu_check.sh records.
if(CLIENTELE_HAS_CUDA)
  add_executable(gpu_bench gpu_bench.cpp gpu_streamed.cpp gpu_sweep.cpp support/bench_rows.cpp)
  target_include_directories(gpu_bench PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(gpu_bench PRIVATE clientele_flags clientele_cuda clientele_compute clientele_base)
endif()

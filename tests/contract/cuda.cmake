# The same body for the CUDA backend: on the host stand-in everywhere, on a device where there is one (else CTest says "Skipped").
clientele_test(backend_contract_cuda_on_host_test
  SOURCES ${backend_contract_sources} cuda_on_host_backends.cpp
  LINKS cuda_on_host
  LABELS kernels)

clientele_test(assign_contract_cuda_ways_test
  SOURCES backend_contract.cpp assign_contract.cpp rounds_contract.cpp together_contract.cpp cuda_ways_backends.cpp
    ${PROJECT_SOURCE_DIR}/tests/support/oracle.cpp ${PROJECT_SOURCE_DIR}/tests/support/row_makers.cpp
  LINKS cuda_on_host
  LABELS kernels)

if(CLIENTELE_HAS_CUDA)
  clientele_test(backend_contract_cuda_test
    SOURCES ${backend_contract_sources} cuda_backends.cpp
    SEES cuda LABELS gpu)
  set_tests_properties(backend_contract_cuda_test PROPERTIES SKIP_RETURN_CODE 77)
endif()

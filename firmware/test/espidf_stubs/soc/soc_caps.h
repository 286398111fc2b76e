// Stand-in, see README.md.
#pragma once

#ifdef HK_STUB_S3
#define SOC_RMT_SUPPORT_DMA 1
#define SOC_RMT_SUPPORT_RX_PINGPONG 1
#define SOC_RMT_MEM_WORDS_PER_CHANNEL 48
#else
#define SOC_RMT_MEM_WORDS_PER_CHANNEL 64
#endif

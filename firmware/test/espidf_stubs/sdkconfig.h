// Stand-in, see README.md.
#pragma once

#define CONFIG_FREERTOS_HZ 1000
#ifdef HK_STUB_USB
#define CONFIG_ESP_CONSOLE_USB_SERIAL_JTAG 1
#else
#define CONFIG_ESP_CONSOLE_UART_DEFAULT 1
#endif

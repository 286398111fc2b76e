// The stream of the link is where the console is, so that boot text and panics come the same way.
#pragma once

#include "sdkconfig.h"

#if CONFIG_ESP_CONSOLE_USB_SERIAL_JTAG
#include "espidf/usb_stream.hpp"
#else
#include "espidf/uart_stream.hpp"
#endif

namespace hk::espidf {

#if CONFIG_ESP_CONSOLE_USB_SERIAL_JTAG
using LinkStream = UsbStream;
#else
using LinkStream = UartStream;
#endif

}  // namespace hk::espidf

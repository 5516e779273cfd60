# frozen_string_literal: true

module Wasgi
  # The request, as Rack has it.
  module Environ
    # What the parameters of a call are long: an environ, and the handle of an input.
    SIZE = 140

    class << self
      # The environment for an app, without its input, and the handle of that.
      def read(address)
        record = Memory.at(address, SIZE)
        environ = meta(record)
        pairs(record, 128).each { |name, value| add(environ, name, value) }
        [environ, record.unpack1("L", offset: 136)]
      end

      private

      def meta(record)
        {
          "REQUEST_METHOD" => text(record, 0),
          "rack.url_scheme" => text(record, 8),
          "SERVER_NAME" => text(record, 16),
          "SERVER_PORT" => record.unpack1("S", offset: 24).to_s,
          "SCRIPT_NAME" => text(record, 28),
          "PATH_INFO" => text(record, 36),
          "QUERY_STRING" => some(record, 44) ? text(record, 48) : +"",
          "SERVER_PROTOCOL" => text(record, 56),
          "wasgi.request_id" => text(record, 112),
          "wasgi.route_parameters" => pairs(record, 120).to_h,
          **remote(record),
        }
      end

      def remote(record)
        return {} unless some(record, 64)
        {
          "REMOTE_ADDR" => text(record, 68),
          "REMOTE_PORT" => record.unpack1("S", offset: 76).to_s,
        }
      end

      # Fields of one name become one, as CGI and Rack have them.
      def add(environ, name, value)
        key = name.tr("a-z-", "A-Z_")
        key = "HTTP_#{key}" unless %w[CONTENT_TYPE CONTENT_LENGTH].include?(key)
        environ[key] = environ.key?(key) ? "#{environ[key]}, #{value}" : value
      end

      def some(record, offset)
        record.getbyte(offset) == 1
      end

      def text(record, offset)
        Memory.at(*record.unpack("LL", offset: offset)).force_encoding(Encoding::UTF_8)
      end

      # A list of pairs of texts.
      def pairs(record, offset)
        place, count = record.unpack("LL", offset: offset)
        list = Memory.at(place, 16 * count)
        Array.new(count) { |index| [text(list, 16 * index), text(list, (16 * index) + 8)] }
      end
    end
  end
end

# frozen_string_literal: true

require "js"

module Wasgi
  # The guest's own memory, and what the host does for it, by the addresses of both.
  #
  # Ruby's module knows numbers of JavaScript and turns them into text. `wasgi build` gives it other
  # functions for these: a number is the address of an operation, and what it is as text are bytes
  # of the memory.
  module Memory
    PEEK, READ, DROP_INPUT, NEW_BODY, ENVIRON_SIZES, ENVIRON, RESULT = 0, 1, 2, 3, 4, 5, 6
    private_constant :PEEK, :READ, :DROP_INPUT, :NEW_BODY, :ENVIRON_SIZES, :ENVIRON, :RESULT

    class << self
      # The address of a string's bytes, for as long as it is not changed.
      def address(string)
        string.empty? ? 1 : [string].pack("P").unpack1("L")
      end

      # The bytes at an address.
      def at(address, length)
        return "".b if length.zero?
        operate(PEEK, address, length).to_s.force_encoding(Encoding::BINARY)
      end

      # Reads from an input into `area`, as the contract lays a result out.
      def read(input, max, area)
        operate(READ, input, max, address(area))
      end

      def drop_input(input)
        operate(DROP_INPUT, input)
      end

      # The handle of a new body, which the host calls by `number`.
      def new_body(number)
        operate(NEW_BODY, number).to_i
      end

      # Says where the result of the call lies. The strings are kept until the next one.
      def result(string, *others)
        @kept = [string, others]
        operate(RESULT, address(string))
        nil
      end

      # The environment that the host has given to this instance.
      def environment
        sizes = ("\0" * 8).b
        return {} unless operate(ENVIRON_SIZES, address(sizes), address(sizes) + 4).to_i.zero?
        count, size = sizes.unpack("LL")
        places, bytes = ("\0" * (4 * count)).b, ("\0" * size).b
        return {} unless operate(ENVIRON, address(places), address(bytes)).to_i.zero?
        bytes.split("\0").to_h { |entry| entry.force_encoding(Encoding::UTF_8).split("=", 2) }
      end

      private

      # The operation is kept: what comes back may be a place in it.
      def operate(*numbers)
        @operation = numbers.pack("L*")
        address(@operation).to_js
      end
    end
  end
end

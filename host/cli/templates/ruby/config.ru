# frozen_string_literal: true

require "app"

run App.new
